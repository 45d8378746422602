from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pacsd_store_s3.catalogue import Catalogue
from pacsd_store_s3.copies import Copies
from pacsd_store_s3.entries import Deleted, Floor, Uploaded
from pacsd_store_s3.ledger import Ledger
from pacsd_store_s3.scanning import Scan

from pacsd.api.errors import StoreError
from pacsd.testing.blob_store_contract import commit_one
from pacsd.testing.memory_store import MemoryStore


async def test_each_object_is_what_the_ledger_proves_it_to_be(tmp_path: Path) -> None:
    spool, catalogue = MemoryStore(), Catalogue()
    ledger, copies = Ledger(tmp_path / "ledger", catalogue), Copies(spool, "identity")
    _mark, cached, waiting, deleted = [await commit_one(spool, bytes(600)) for _ in range(4)]

    async def pieces() -> AsyncIterator[bytes]:
        yield b"copied"

    for key in ("0001/far", "0001/far", "0001/gone"):
        await copies.keep(key, pieces())
    for entry in (
        Floor(""),
        Uploaded(f"0001/{cached.key}", cached.size_bytes, 0),
        Deleted(f"0001/{deleted.key}"),
        Deleted("0001/gone"),
    ):
        catalogue.apply(entry)
    scan = Scan(spool, copies, catalogue, ledger, 1)
    await scan.run()
    assert scan.waiting == [f"0001/{waiting.key}"]
    assert catalogue.cached_objects == 2
    assert catalogue.here("0001/far") is not None
    # The mark, what is cached, what waits, and one copy.
    assert len(spool.objects) == 4


async def test_a_spool_with_strange_keys_is_refused(tmp_path: Path) -> None:
    spool, catalogue = MemoryStore(), Catalogue()
    spool.objects = {"mark": b"", "strange key": b""}
    ledger, copies = Ledger(tmp_path / "ledger", catalogue), Copies(spool, "identity")
    with pytest.raises(StoreError, match="spool key 'strange key'"):
        await Scan(spool, copies, catalogue, ledger, 1).run()
