"""DICOM JSON of every object there is, beside pydicom's: each difference has its reason."""

import json
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from pydicom.config import strict_reading
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.json_writer import MAX_INLINE_BYTES, JsonWriter
from pacsd.dicom.outline import PIXELS
from pacsd.dicom.scan import scan
from tests.dicom.corpus import CorpusObject, objects

Attribute = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """One attribute, as both tell it; None where one does not."""

    of: CorpusObject
    by_pydicom: Dataset
    path: tuple[int, ...]
    ours: Attribute
    theirs: Attribute

    @property
    def tag(self) -> int:
        return self.path[-1]

    @property
    def vrs(self) -> tuple[str, str]:
        return self.ours.get("vr", ""), self.theirs.get("vr", "")

    def have(self, ours: str, theirs: str) -> bool:
        return ours in self.ours and theirs in self.theirs

    @property
    def values(self) -> tuple[list[Any], list[Any]]:
        return self.ours.get("Value", []), self.theirs.get("Value", [])


def differences(each: CorpusObject) -> Iterator[Difference]:
    writer = JsonWriter()
    ours = json.loads(writer.join(writer.members(each.inflated, each.syntax), ""))
    read = each.as_pydicom_reads()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        told = read.to_json_dict(MAX_INLINE_BYTES + 1, reference, suppress_invalid_tags=True)
        yield from between(each, read, (), ours, json.loads(json.dumps(told)))


def reference(found: DataElement) -> str:
    return f"{int(found.tag):08X}"


def between(
    of: CorpusObject, read: Dataset, path: tuple[int, ...], ours: Attribute, theirs: Attribute
) -> Iterator[Difference]:
    for name in sorted(ours.keys() | theirs.keys()):
        here = (*path, int(name, 16))
        one, other = ours.get(name, {}), theirs.get(name, {})
        items = (one.get("Value", []), other.get("Value", []))
        if one.get("vr") == other.get("vr") == "SQ" and len(items[0]) == len(items[1]):
            for number, pair in enumerate(zip(*items, strict=True)):
                yield from between(of, read, (*here[:-1], here[-1], number), *pair)
        elif one != other:
            yield Difference(of, read, here, one, other)


def is_named_alike(each: Difference) -> bool:
    if not each.have("BulkDataURI", "BulkDataURI"):
        return False
    path = each.path
    steps = [f"{part:08X}" if not place % 2 else str(part + 1) for place, part in enumerate(path)]
    assert each.ours["BulkDataURI"] == "/".join(steps)
    return bool(each.theirs["BulkDataURI"] == steps[-1])


def is_refused_by_pydicom(each: Difference) -> bool:
    """Of a sequence as a whole, if an element in it is."""
    if each.theirs:
        return False
    read = each.of.as_pydicom_reads()
    with warnings.catch_warnings(), strict_reading():
        warnings.simplefilter("ignore")
        try:
            read[each.path[0]].to_json_dict(reference, MAX_INLINE_BYTES)
        except KeyError:
            return False
        except Exception:  # noqa: BLE001 - whatever it is that it raises
            return True
    return False


def is_cut_short(each: Difference) -> bool:
    whole = scan(each.of.inflated, each.of.syntax)
    return not whole.is_complete and (not each.ours or not each.by_pydicom)


def without_delimiters(values: list[Any]) -> list[dict[str, str]]:
    groups = [{key: group.rstrip("^ ") for key, group in (each or {}).items()} for each in values]
    return [{key: group for key, group in each.items() if group} for each in groups]


def inline(each: Difference) -> str | None:
    value: str | None = each.ours.get("InlineBinary")
    return value


REASONS: dict[str, Callable[[Difference], bool]] = {
    "The text is Unicode, whatever it was (PS3.18 section F.2)": lambda each: (
        each.tag == 0x00080005 and each.ours == {"vr": "CS", "Value": ["ISO_IR 192"]}
    ),
    "Group lengths are not of the model (PS3.18 section F.2.2)": lambda each: (
        not each.ours and each.tag & 0xFFFF == 0
    ),
    "A BulkDataURI says where the attribute is; pydicom's callback is told of its element only": (
        is_named_alike
    ),
    "Pixel Data is bulk data however short it is (PS3.18 section F.2.6)": lambda each: (
        each.have("BulkDataURI", "InlineBinary") and each.tag in PIXELS
    ),
    "Other than bytes may be bulk data too (PS3.18 section F.2.2)": lambda each: (
        each.have("BulkDataURI", "Value") and each.vrs[0] in {"UT", "US"}
    ),
    "Bytes are counted, not characters of base64 (our bound)": lambda each: (
        each.have("InlineBinary", "BulkDataURI")
        and MAX_INLINE_BYTES * 4 // 3 + 4 >= len(each.ours["InlineBinary"]) > MAX_INLINE_BYTES
    ),
    "InlineBinary is Little Endian, of Big Endian too (PS3.18 section F.2.7)": lambda each: (
        each.have("InlineBinary", "InlineBinary") and not each.of.syntax.is_little_endian
    ),
    "Delimiters at the end of a name mean nothing (PS3.5 section 6.2.1)": lambda each: (
        each.vrs == ("PN", "PN")
        and without_delimiters(each.values[0]) == without_delimiters(each.values[1])
    ),
    "Spaces around a value mean nothing (PS3.5 section 6.2)": lambda each: (
        each.vrs == ("CS", "CS") and each.values[0] == [text.strip() for text in each.values[1]]
    ),
    "An empty value among others is null (PS3.18 section F.2.5)": lambda each: (
        None in each.values[0] and each.values[0] == [text or None for text in each.values[1]]
    ),
    "Private elements of no VR are UN (PS3.5 section 6.2.2); pydicom knows some": lambda each: (
        each.vrs[0] == "UN"
        and vr_of(each.tag) is None
        and each.vrs[1] not in {"", "UN"}
        and each.ours.get("InlineBinary") == each.theirs.get("InlineBinary", inline(each))
    ),
    "What pydicom takes for no value is told as it stands": is_refused_by_pydicom,
    "Of what is cut short, pydicom tells the value that is, or nothing at all": is_cut_short,
}


@pytest.fixture
def in_silence() -> Iterator[None]:
    """With opinions on quality kept to itself."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.timeout(180)
@pytest.mark.usefixtures("in_silence")
def test_each_difference_has_its_reason() -> None:
    used: set[str] = set()
    unexplained: list[str] = []
    for each in objects():
        for found in differences(each):
            reasons = [reason for reason, holds in REASONS.items() if holds(found)]
            used.update(reasons)
            if not reasons:
                where = [f"{part:08X}" for part in found.path]
                unexplained.append(f"{each.path.name} {where}: {found.ours} {found.theirs}"[:300])
    assert unexplained == []
    assert used == set(REASONS)
