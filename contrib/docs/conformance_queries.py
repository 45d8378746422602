"""What the conformance statement says of Query/Retrieve, from the program."""

from collections.abc import Iterable

from contrib.docs import conformance_scu
from contrib.docs.sections import Section, code, table
from pacsd.dicom.dictionary import data_element
from pacsd.dicom.level import Level
from pacsd.dicom.registry import Service, sop_classes
from pacsd.dicom.tag import Tag, format_tag
from pacsd.index.attributes import ATTRIBUTES
from pacsd.index.columns import column_of
from pacsd.index.computed import MODALITIES_IN_STUDY, SOP_CLASSES_IN_STUDY, counts
from pacsd.net.ae import ApplicationEntity
from pacsd.net.settings import AESettings, DimseSettings

_UNIQUE = {0x00100020, 0x00100021, 0x0020000D, 0x0020000E, 0x00080016, 0x00080018}


def sections() -> dict[str, Section]:
    """What is written between the marks of conformance.md."""
    return {"query-sop-classes": _sop_classes, "query-attributes": _attributes}


def _sop_classes() -> str:
    supported = ApplicationEntity.of(AESettings(), DimseSettings()).supported
    as_scu = conformance_scu.sections()["scu-models"]()  # what section 4.5 says of the same
    rows = [
        (known.name, code(known.uid), role, "yes" if known.is_retired else "")
        for known in sop_classes(Service.QUERY_RETRIEVE)
        if known.uid in supported
        for role in ["SCU and SCP" if code(known.uid) in as_scu else "SCP"]
    ]
    return table(("SOP class", "UID", "Role", "Retired"), rows)


def _attributes() -> str:
    rows = [
        (level.term, format_tag(tag), _keyword(tag), _vr(tag), _kind(tag))
        for level in Level
        for tag in sorted(_tags(level))
    ]
    return table(("Level", "Tag", "Attribute", "VR", "Matched by"), rows)


def _tags(level: Level) -> Iterable[Tag]:
    own = {
        each.tag
        for each in ATTRIBUTES[level]
        if each.sequence is None and column_of(each.tag, level) is not None
    }
    computed = {tag for of, tag, _ in counts() if of is level}
    if level is Level.STUDY:
        computed |= {MODALITIES_IN_STUDY, SOP_CLASSES_IN_STUDY}
    unique = {tag for tag in _UNIQUE if (found := column_of(tag, level)) and found.level is level}
    return own | computed | unique


def _keyword(tag: Tag) -> str:
    row = data_element(tag)
    return code(row.keyword) if row is not None else ""


def _vr(tag: Tag) -> str:
    row = data_element(tag)
    return "/".join(row.vrs) if row is not None else ""


def _kind(tag: Tag) -> str:
    kinds = {
        "PN": "name", "DA": "range", "TM": "range", "UI": "list of UID", "IS": "number",
        "US": "number", "DS": "number", "AS": "single value",
    }  # fmt: skip
    return kinds.get(_vr(tag), "wild card")
