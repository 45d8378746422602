"""Instances on their way out as files."""

from collections.abc import AsyncGenerator
from io import BytesIO

import pytest
from pydicom import dcmread

from pacsd.archive.retrievable import Retrievable
from pacsd.dicom.errors import DicomError
from pacsd.dicom.part10 import decode_file_meta
from pacsd.net.web.part10 import file_of, preface
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from tests.archive.stored_objects import copy_of
from tests.dicom.by_pydicom import decoded, encoded
from tests.dicom.written import BIG, EXPLICIT, IMPLICIT

DATA = data_set({"PatientName": "Röe"}, pixel_bytes=300_000)


class Pieces:
    """A data set in pieces; `is_closed` once nobody reads it any more."""

    def __init__(self, data: bytes) -> None:
        self.is_closed = False
        self._data = data

    async def __call__(self) -> AsyncGenerator[bytes, None]:
        try:
            for at in range(0, len(self._data), 65_536):
                yield self._data[at : at + 65_536]
        finally:
            self.is_closed = True


async def instance(syntax: str) -> Retrievable:
    copy = await copy_of(MemoryStore(), DATA, syntax)
    return Retrievable(CT_IMAGE_STORAGE, "1.2.3.4", "1.2.3", (copy,))


async def read(stored_in: str, wanted: str, opened: Pieces) -> bytes:
    file = file_of(await instance(stored_in), wanted, opened)
    return b"".join([bytes(piece) async for piece in file])


async def test_as_it_is_stored() -> None:
    opened = Pieces(DATA)
    file = await read(EXPLICIT.uid, EXPLICIT.uid, opened)
    assert file == preface(await instance(EXPLICIT.uid), EXPLICIT.uid) + DATA
    assert opened.is_closed
    assert dcmread(BytesIO(file)).PatientName == "Röe"


@pytest.mark.parametrize("syntax", [IMPLICIT, BIG], ids=["implicit", "big"])
async def test_re_encoded(syntax: object) -> None:
    assert syntax in {IMPLICIT, BIG}
    stored_in = IMPLICIT if syntax is IMPLICIT else BIG
    opened = Pieces(encoded(decoded(DATA, EXPLICIT), stored_in))
    file = await read(stored_in.uid, EXPLICIT.uid, opened)
    meta, offset = decode_file_meta(file)
    assert meta.transfer_syntax_uid == EXPLICIT.uid
    assert decoded(file[offset:], EXPLICIT) == decoded(DATA, EXPLICIT)
    assert opened.is_closed


async def test_what_cannot_be_re_encoded() -> None:
    opened = Pieces(DATA[:-10])
    with pytest.raises(DicomError):
        await read(EXPLICIT.uid, IMPLICIT.uid, opened)
    assert opened.is_closed


async def test_who_stops_reading_closes_it() -> None:
    opened = Pieces(DATA)
    file = file_of(await instance(EXPLICIT.uid), EXPLICIT.uid, opened)
    await anext(file)
    await anext(file)
    await file.aclose()
    assert opened.is_closed
