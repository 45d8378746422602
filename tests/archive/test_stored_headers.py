"""Headers from the header database, and from files where it has none."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from pacsd.archive.file_meta import encode_preface
from pacsd.archive.stored_file import read_stored
from pacsd.archive.stored_headers import StoredHeaders, parsed_header
from pacsd.index.index import Index, open_index
from pacsd.index.records import Scope
from pacsd.index.sqlite import Durability
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import data_set
from tests.archive.test_stored_file import REQUEST, stored

SCOPE = Scope()
SPECIES = 0x00102201


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_index(tmp_path, now_us=lambda: 0, durability=Durability.RELAXED) as opened:
        yield opened


async def add(index: Index, store: MemoryStore, number: int, header: bytes | None = None) -> int:
    request = replace(REQUEST, sop_instance_uid=f"1.2.3.{number}")
    data = data_set(
        {"SOPInstanceUID": f"1.2.3.{number}", "PatientSpeciesDescription": f"species {number}"}
    )
    new = await read_stored(store, await stored(store, encode_preface(request) + data))
    (verdict,) = await index.add([new if header is None else replace(new, header=header)])
    return verdict.instance


async def species(headers: StoredHeaders, *instances: int) -> list[str]:
    read = await headers.read(SCOPE, instances)
    parsed = [parsed_header(read[each]) for each in instances if each in read]
    return ["".join(each.texts(SPECIES)) for each in parsed if each is not None]


async def test_headers_come_from_the_database_or_from_the_file(index: Index) -> None:
    store = MemoryStore()
    first, second = await add(index, store, 1), await add(index, store, 2, header=b"")
    assert await species(StoredHeaders(store, index), first, second) == ["species 1", "species 2"]


async def test_what_nobody_can_read_is_left_out(index: Index) -> None:
    store = MemoryStore()
    broken, lost = await add(index, store, 1, header=b"x"), await add(index, store, 2, header=b"")
    store.objects.clear()
    assert await species(StoredHeaders(store, index), broken, lost, 9_999) == []
