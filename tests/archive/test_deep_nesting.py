"""Row D31 from end to end: sequences that nest too deep are refused, or harm no later reader.

They are refused as far as a data set is looked at on its way in.
"""

import hashlib
from typing import Protocol

import pytest

from pacsd.api.reception import Reception
from pacsd.api.store import Location, StageRequest
from pacsd.archive.difference import compare
from pacsd.archive.examination import Examination
from pacsd.archive.file_meta import encode_preface
from pacsd.archive.identity import Unacceptable
from pacsd.archive.instance import InstanceRequest
from pacsd.archive.sameness import have_same_values
from pacsd.archive.stored_file import read_stored
from pacsd.dicom.errors import ScanError
from pacsd.dicom.header_stream import MAX_NESTED_HEADERS, known_syntax
from pacsd.dicom.reencode import Reencoder
from pacsd.dicom.stored_header import decode_header
from pacsd.dicom.walk import walk
from pacsd.index.records import NewCopy
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from tests.archive.test_sameness import BIG, EXPLICIT, IMPLICIT, are_same, stored
from tests.dicom.written import deep, item, sequence

RECEPTION = Reception(1, "CT1", "PACSD", "192.0.2.7", 1, "dimse")
DEPTHS = [65, 1_100, 100_000]
LENGTHS = ["d", "u", "du", "ud"]
MODALITY_LUT_SEQUENCE = 0x00283000
DIGITAL_SIGNATURES_SEQUENCE = 0xFFFAFFFA


def request() -> InstanceRequest:
    return InstanceRequest(CT_IMAGE_STORAGE, "1.2.3.4", EXPLICIT, RECEPTION)


def examined(data: bytes) -> Examination:
    examination = Examination(request())
    for start in range(0, len(data), 16_372):
        examination.feed(memoryview(data)[start : start + 16_372])
    examination.end(0)
    return examination


def behind_pixels(depth: int, lengths: str = "d", name: str = "Doe^J") -> bytes:
    nested = sequence(DIGITAL_SIGNATURES_SEQUENCE, item(deep(depth, lengths=lengths)))
    return data_set({"PatientName": name}, pixel_bytes=10) + nested


def behind_many_items(depth: int, lengths: str = "d", name: str = "Doe^J") -> bytes:
    items = item(b"") * MAX_NESTED_HEADERS + item(deep(depth, lengths=lengths))
    return data_set({"PatientName": name}) + sequence(MODALITY_LUT_SEQUENCE, items)


class Written(Protocol):
    def __call__(self, depth: int, lengths: str = "d", name: str = "Doe^J") -> bytes: ...


NOT_LOOKED_AT: list[Written] = [behind_pixels, behind_many_items]


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("depth", DEPTHS)
def test_row_d31_it_is_refused(depth: int, lengths: str) -> None:
    examined(data_set() + deep(64, lengths=lengths))
    with pytest.raises(Unacceptable) as refused:
        examined(data_set() + deep(depth, lengths=lengths))
    assert refused.value.status == 0xC000
    assert refused.value.comment.startswith("Unreadable: (0008,1140) at offset")


@pytest.mark.parametrize("written", NOT_LOOKED_AT)
@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("depth", DEPTHS)
def test_row_d31_what_the_index_has_of_it_is_read(
    depth: int, lengths: str, written: Written
) -> None:
    new = examined(written(depth, lengths)).describe(NewCopy("memory", "1", 1, 1, b""))
    assert new.attributes[0x00100010] == "Doe^J"
    assert len(dict(new.attributes)) > 5
    assert decode_header(new.header).read().value(0x00100010) == b"Doe^J "


@pytest.mark.parametrize("written", NOT_LOOKED_AT)
@pytest.mark.parametrize("depth", DEPTHS)
async def test_row_d31_its_file_is_read_back(depth: int, written: Written) -> None:
    store = MemoryStore()
    staged = await store.stage(StageRequest(1, encode_preface(request()), hashlib.sha256()))
    await staged.write([written(depth)])
    [location] = await store.commit([staged])
    assert isinstance(location, Location)
    assert (await read_stored(store, location)).sop_instance_uid == "1.2.3.4"


@pytest.mark.parametrize("written", NOT_LOOKED_AT)
@pytest.mark.parametrize("depth", DEPTHS)
async def test_row_d31_it_is_compared(depth: int, written: Written) -> None:
    one, other = written(depth), written(depth, name="Roe^J")
    assert not await are_same(one, other)
    assert not await are_same(one, one)
    store = MemoryStore()
    first, second = await stored(store, one, EXPLICIT), await stored(store, other, EXPLICIT)
    assert not await have_same_values(store, first, second)
    found = await compare(store, (first, EXPLICIT), (second, EXPLICIT))
    differing = [each.keyword for each in found.differences]
    assert differing == ["PatientName"] or "nest deeper" in found.first_fault


async def test_row_d31_a_version_that_was_kept_by_an_older_pacsd_is_compared() -> None:
    for depth in DEPTHS:
        store = MemoryStore()
        one = await stored(store, data_set(), EXPLICIT)
        other = await stored(store, data_set() + deep(depth), EXPLICIT)
        found = await compare(store, (one, EXPLICIT), (other, EXPLICIT))
        assert "nest deeper" in found.second_fault


@pytest.mark.parametrize("written", NOT_LOOKED_AT)
@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("depth", DEPTHS)
def test_row_d31_nobody_encodes_it_anew(depth: int, lengths: str, written: Written) -> None:
    data = written(depth, lengths)
    for target in (IMPLICIT, BIG):
        reencoder = Reencoder(known_syntax(EXPLICIT), known_syntax(target))
        with pytest.raises(ScanError, match="nest deeper"):
            list(reencoder.feed(data))
    with pytest.raises(ScanError, match="nest deeper"):
        list(walk(data, known_syntax(EXPLICIT)))
