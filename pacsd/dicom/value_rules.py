"""Whether text is a new value of an attribute, by VR and multiplicity (PS3.5 section 6.2)."""

from collections.abc import Iterator, Sequence
from unicodedata import category

from pacsd.dicom.charset import character_set
from pacsd.dicom.dictionary import DataElement
from pacsd.dicom.person_name import COMPONENTS
from pacsd.dicom.value_check import check_value
from pacsd.dicom.values import SINGLE_VALUED, unpadded
from pacsd.dicom.vr import VR

_UNICODE = character_set(b"ISO_IR 192")
_NOT_STORABLE = frozenset("\0\x1b")
# Controls, what is not seen, halves of characters, separators of lines and paragraphs. Spaces of
# other scripts are printable.
_NOT_PRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_MAX_COMPONENT_GROUPS = 3


def rules_of_text(row: DataElement, value: str) -> Iterator[str]:
    """What speaks against a value of an attribute whose VR is text; the first rule counts.

    None may be empty, several are joined by backslashes. The value itself is in no rule.
    """
    vr = row.vrs[0]
    if _NOT_STORABLE & {*value} or (vr not in SINGLE_VALUED and not is_printable(value)):
        yield "the value has characters that are not printable"
    parts = [value] if vr in SINGLE_VALUED else value.split("\\")
    yield from rules_of_multiplicity(row, len(parts) if value else 0)
    if vr == VR.PN:
        yield from _rules_of_names(parts)
    if any(unpadded(part, vr) != part for part in parts):
        yield "spaces at the ends of a value do not count: leave them out"
    try:
        raw = value.encode()
    except UnicodeEncodeError:
        yield "the value is not Unicode"
        return
    quirk = check_value(vr, raw, _UNICODE)
    if quirk is not None:
        yield f"the value is none of VR {vr}: {quirk.value} (PS3.5 table 6.2-1)"


def rules_of_multiplicity(row: DataElement, count: int) -> Iterator[str]:
    """What speaks against so many values of an attribute; none of them is always well."""
    if count and not _takes(row.multiplicity, count):
        yield (
            "it has one value, and a backslash separates several"
            if row.multiplicity == "1"
            else f"it has {row.multiplicity} values, separated by backslashes (PS3.6 section 6)"
        )


def is_printable(text: str) -> bool:
    """Whether somebody sees all of it, and on one line."""
    return _NOT_PRINTABLE.isdisjoint(map(category, text))


def _takes(multiplicity: str, count: int) -> bool:
    """Whether so many are of a Value Multiplicity: 2, 1-8, 1-n or 2-2n (PS3.5 section 6.4)."""
    least, _, most = multiplicity.partition("-")
    if not most.endswith("n"):
        return int(least) <= count <= int(most or least)
    return count >= int(least) and count % int(most[:-1] or 1) == 0


def _rules_of_names(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        groups = name.split("=")
        is_long = any(group.count("^") >= len(COMPONENTS) for group in groups)
        if is_long or len(groups) > _MAX_COMPONENT_GROUPS:
            yield (
                f"a name has at most {_MAX_COMPONENT_GROUPS} component groups of "
                f"{len(COMPONENTS)} components (PS3.5 section 6.2.1)"
            )
