from collections.abc import Sequence

import pytest

from pacsd.api.errors import StoreError
from pacsd.api.store import ByteRange, Location
from pacsd.archive.outlines import (
    FIRST_BYTES,
    MemorySource,
    StoredSource,
    open_source,
    read_outline,
    read_whole,
)
from pacsd.dicom.errors import InflateError
from pacsd.dicom.outline import OutlineStream
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import data_set
from tests.archive.stored_objects import copy_of
from tests.dicom.corpus import objects
from tests.dicom.written import DEFLATED, EXPLICIT, deflate

CT = data_set(pixel_bytes=500_000)


async def test_of_a_slice_only_the_header_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    copy = await copy_of(store, CT, EXPLICIT.uid)
    wanted: list[int] = []
    read = store.read

    def counting(location: Location, ranges: Sequence[ByteRange] | None = None) -> object:
        wanted.extend(each.length_bytes for each in ranges or ())
        return read(location, ranges)

    monkeypatch.setattr(store, "read", counting)
    outline = await read_outline(await open_source(store, copy))
    assert wanted == [FIRST_BYTES]
    assert outline.pixels is not None
    assert outline.pixels.length == 500_000
    assert (outline.size_bytes, outline.fault) == (len(CT), "")


async def test_every_object_has_the_outline_of_its_bytes() -> None:
    store = MemoryStore()
    for each in objects():
        copy = await copy_of(store, each.data_set, each.syntax.uid)
        source = await open_source(store, copy)
        assert source.size_bytes == len(each.inflated)
        outline = await read_outline(source)
        stream = OutlineStream(source.syntax)
        stream.feed(each.inflated)
        stream.end()
        whole = stream.outline()
        assert (outline.pixels, outline.tail) == (whole.pixels, whole.tail), each.path
        assert outline.header.elements.keys() <= whole.header.elements.keys()


async def test_a_deflated_data_set_is_read_as_it_inflates() -> None:
    store = MemoryStore()
    source = await open_source(store, await copy_of(store, deflate(CT), DEFLATED.uid))
    assert isinstance(source, MemorySource)
    assert source.syntax == EXPLICIT
    assert await read_whole(source, 4, 10) == CT[4:14]
    broken = await copy_of(store, b"\xff" * 100, DEFLATED.uid)
    with pytest.raises(InflateError):
        await open_source(store, broken)


async def test_a_stored_data_set_is_read_from_anywhere() -> None:
    store = MemoryStore()
    copy = await copy_of(store, CT, EXPLICIT.uid)
    source = StoredSource(store, copy)
    assert await read_whole(source, 0, 100) == CT[:100]
    assert await read_whole(source, len(CT) - 5, 5) == CT[-5:]
    await store.delete(copy.location)
    with pytest.raises(StoreError):
        await read_outline(source)
