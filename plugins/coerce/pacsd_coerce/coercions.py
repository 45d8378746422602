"""All coercions of a file, ready to be used; they never change."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pacsd.api.coercion import check_name
from pacsd.dicom.charset import character_set
from pacsd.dicom.dictionary import tag_of, vr_of
from pacsd.dicom.tag import Tag
from pacsd.dicom.text import printable
from pacsd.dicom.vr import VR, is_text
from pacsd.dicom.wildcard import Pattern
from pacsd_coerce.cleaning import PrivateElement
from pacsd_coerce.coercion_file import (
    MAX_FILE_BYTES,
    CharacterSetTable,
    CoercionFile,
    CoercionTable,
    DeidentifyTable,
    MapTable,
    StepTable,
    read_coercion_file,
)
from pacsd_coerce.deidentify import Deidentification
from pacsd_coerce.errors import CoercionFileError
from pacsd_coerce.in_rules import InRule, make_in_rule
from pacsd_coerce.object_text import SPECIFIC_CHARACTER_SET
from pacsd_coerce.template import read_template
from pacsd_coerce.text_steps import Fill, Issuer, MapValue, Put, Remove, TextStep, value_rules
from pacsd_coerce.whole_object import (
    Deidentified,
    ObjectStep,
    OfText,
    OtherCharacterSet,
    OtherUids,
    WholeObject,
)

_NEVER = {
    SPECIFIC_CHARACTER_SET: "character_set changes it, with the text that is written in it",
    0x00080016: "another SOP Class would be another object",
    0x00080018: "remap_uids changes it",
}
_PRIVATE = "a safe private element is written CREATOR:GGGGxxEE, such as 'ACME 1.0:0029xx10'"


@dataclass(frozen=True, slots=True)
class Coercions:
    """By name; and what is coerced as it comes."""

    whole: Mapping[str, WholeObject]
    on_the_way_in: tuple[InRule, ...]

    @property
    def needs_key(self) -> tuple[str, ...]:
        """Those that make something of a key."""
        return tuple(name for name, each in self.whole.items() if each.needs_key)


def read_coercions(text: str, folder: Path) -> Coercions:
    """The coercions of a file in a folder, with the tables that it names.

    Raises:
        CoercionFileError: they cannot be used; the text says why.
    """
    file = read_coercion_file(text)
    whole = {name: _whole(name, table, folder) for name, table in file.coercion.items()}
    return Coercions(whole, tuple(_in_rules(file, whole)))


def _in_rules(file: CoercionFile, whole: Mapping[str, WholeObject]) -> Iterator[InRule]:
    seen: set[str] = set()
    for table in file.in_:
        if table.name in seen:
            raise CoercionFileError(f"in {table.name!r}: another rule has this name")
        seen.add(table.name)
        try:
            yield make_in_rule(table, file.groups, whole)
        except ValueError as error:
            raise CoercionFileError(f"in {table.name!r}: {error}") from None


def _whole(name: str, table: CoercionTable, folder: Path) -> WholeObject:
    steps: list[ObjectStep] = []
    try:
        check_name(name)
        for number, step in enumerate(table.step, 1):
            try:
                steps.append(_made(step, folder))
            except ValueError as error:
                raise ValueError(f"step {number}: {step.verbs[0]}: {error}") from None
    except ValueError as error:
        raise CoercionFileError(f"coercion {printable(name)}: {error}") from None
    return WholeObject(name, tuple(steps), table.tell_originals)


def _made(step: StepTable, folder: Path) -> ObjectStep:
    """The step of a table, which has one of these.

    Raises:
        ValueError: it cannot be done.
    """
    if step.character_set is not None:
        return _other_character_set(step.character_set)
    if step.remap_uids is not None:
        if not step.remap_uids:
            raise ValueError("must be true, or the step be left out")
        return OtherUids()
    if step.deidentify is not None:
        return Deidentified(_deidentification(step.deidentify))
    return OfText(_text_step(step, folder))


def _text_step(step: StepTable, folder: Path) -> TextStep:
    if step.set is not None:
        return Put({_checked(name, value): value for name, value in step.set.items()})
    if step.remove is not None:
        return Remove(frozenset(_tag(name, is_removed=True) for name in step.remove))
    if step.template is not None:
        return Fill({_tag(name): read_template(text) for name, text in step.template.items()})
    if step.map is not None:
        return _map(step.map, folder)
    if step.issuer is not None:
        _checked("IssuerOfPatientID", step.issuer.name)
        return Issuer(step.issuer.name, step.issuer.replace)
    raise AssertionError("a step without a verb was decoded")


def _tag(keyword: str, *, is_removed: bool = False) -> Tag:
    tag = tag_of(keyword)
    if tag is None:
        raise ValueError(f"{printable(keyword)} is no keyword of PS3.6")
    if tag in _NEVER:
        raise ValueError(f"{keyword}: {_NEVER[tag]}")
    vr = vr_of(tag)
    if not is_removed and (vr is None or not is_text(vr) or vr == VR.UI):
        raise ValueError(f"{keyword}: only text is written, and VR {vr} is none")
    return tag


def _checked(keyword: str, value: str) -> Tag:
    tag = _tag(keyword)
    for rule in value_rules(tag, value):
        raise ValueError(f"{keyword}: {rule}")
    return tag


def _map(table: MapTable, folder: Path) -> MapValue:
    tag = _tag(table.attribute)
    rows = dict(table.table)
    if table.file is not None:
        rows |= _csv(folder / table.file)
    if not rows:
        raise ValueError("neither table nor file has a row")
    for value in rows.values():
        for rule in value_rules(tag, value):
            raise ValueError(f"{table.attribute}: {printable(value)}: {rule}")
    return MapValue(tag, rows, table.otherwise == "refuse")


def _csv(path: Path) -> dict[str, str]:
    """The rows of a CSV file (RFC 4180) of two columns."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ValueError(f"file {path}: longer than {MAX_FILE_BYTES} bytes")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ValueError(f"file {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"file {path}: is not UTF-8") from None
    found: dict[str, str] = {}
    for number, row in enumerate(csv.reader(text.splitlines()), 1):
        match row:
            case []:
                continue
            case [old, new] if old not in found:
                found[old] = new
            case [_, _]:
                raise ValueError(f"file {path}: line {number}: the value has a row already")
            case _:
                raise ValueError(f"file {path}: line {number}: {len(row)} columns instead of 2")
    return found


def _other_character_set(table: CharacterSetTable) -> OtherCharacterSet:
    if not table.to.isascii() or character_set(table.to.encode()).quirks:
        raise ValueError(f"to: {printable(table.to)}: no such character set (PS3.3 C.12.1.1.2)")
    return OtherCharacterSet(table.to.encode(), table.otherwise == "utf-8")


def _deidentification(table: DeidentifyTable) -> Deidentification:
    options = frozenset(table.options)
    for needed, given, name in (
        ("clean-descriptors", table.keep_descriptions, "keep_descriptions"),
        ("retain-safe-private", table.safe_private, "safe_private"),
    ):
        if bool(given) is not (needed in options):
            raise ValueError(f"option {needed} and {name}: one means nothing without the other")
    if {"full-dates", "modified-dates"} <= options:
        raise ValueError("options: dates are kept in full or modified, not both")
    for rule in value_rules(0x00100020, f"{table.patient_prefix}A"):
        raise ValueError(f"patient_prefix: {rule}")
    if not table.patient_prefix.isascii():
        raise ValueError("patient_prefix: is not ASCII")
    return Deidentification(
        options,
        table.burned_in,
        tuple(map(Pattern, table.keep_descriptions)),
        frozenset(map(_private, table.safe_private)),
        table.patient_prefix,
    )


def _private(text: str) -> PrivateElement:
    creator, _, tag = text.rpartition(":")
    group, wild, number = tag[:4], tag[4:6], tag[6:]
    try:
        found = PrivateElement(creator, int(group, 16), int(number, 16))
    except ValueError:
        raise ValueError(f"safe_private: {printable(text)}: {_PRIVATE}") from None
    if not creator or wild != "xx" or len(number) != 2 or not found.group & 1:  # noqa: PLR2004
        raise ValueError(f"safe_private: {printable(text)}: {_PRIVATE}")
    return found
