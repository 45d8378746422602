from pathlib import Path

import anyio
import pytest
from pacsd_store_s3.catalogue import Catalogue
from pacsd_store_s3.entries import Copied, Deleted, Uploaded
from pacsd_store_s3.ledger import Ledger

from pacsd.api.errors import StoreError
from tests.far_stores import until


async def opened(path: Path) -> tuple[Ledger, Catalogue]:
    catalogue = Catalogue()
    ledger = Ledger(path / "ledger", catalogue)
    await ledger.open(floor_without="")
    return ledger, catalogue


async def test_what_is_written_is_known_after_a_restart(tmp_path: Path) -> None:
    ledger, catalogue = await opened(tmp_path)
    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(ledger.write, Uploaded(f"0001/{number:02d}", 1, 2))
    await ledger.write(Deleted("0001/00"))
    await ledger.write(Copied("0001/01", "1/x", 9), durably=False)
    assert len(catalogue.keys_after("", 99)) == 19
    ledger.close()
    again, known = await opened(tmp_path)
    assert known.keys_after("", 99) == catalogue.keys_after("", 99)
    assert known.is_deleted("0001/00")
    assert again.copies == {"1/x": Copied("0001/01", "1/x", 9)}
    assert known.floor == ""


async def test_what_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    ledger, catalogue = await opened(tmp_path / "missing")
    with pytest.raises(StoreError, match="write the ledger: No such file"):
        await ledger.write(Deleted("0001/00"))
    assert not catalogue.is_deleted("0001/00")
    (tmp_path / "missing").mkdir()
    await ledger.write(Deleted("0001/00"))
    assert catalogue.is_deleted("0001/00")
    ledger.close()


async def test_a_ledger_that_has_grown_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pacsd_store_s3.ledger.MIN_LINES", 10)
    ledger, _ = await opened(tmp_path)
    for number in range(60):
        await ledger.write(Uploaded("0001/same", number, 0))
    await ledger.make_anew()
    ledger.close()
    assert len((tmp_path / "ledger").read_text().splitlines()) == 2


async def test_what_is_noted_is_known_at_once_and_lasts_once_it_is_settled(tmp_path: Path) -> None:
    ledger, catalogue = await opened(tmp_path)
    await ledger.make_anew()
    before = (tmp_path / "ledger").read_text()
    ledger.note(Uploaded("0001/01", 1, 2))
    assert catalogue.uploaded("0001/01") is not None
    assert (tmp_path / "ledger").read_text() == before
    await ledger.settle()
    assert "uploaded 0001/01 1 2" in (tmp_path / "ledger").read_text()
    ledger.close()


async def test_what_is_noted_is_written_with_what_comes_next(tmp_path: Path) -> None:
    ledger, _ = await opened(tmp_path)
    await ledger.make_anew()
    ledger.note(Uploaded("0001/01", 1, 2))
    await ledger.write(Deleted("0001/00"))
    lines = [line[9:] for line in (tmp_path / "ledger").read_text().splitlines()]
    assert lines == ["floor", "uploaded 0001/01 1 2", "deleted 0001/00"]
    ledger.close()


async def test_what_is_noted_is_written_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pacsd_store_s3.ledger.WRITTEN_AFTER_S", 0)
    ledger, _ = await opened(tmp_path)
    await ledger.make_anew()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ledger.run)
        for number in range(2):
            ledger.note(Uploaded(f"0001/{number}", 1, 2))
            await until(lambda: f"0001/{number}" in (tmp_path / "ledger").read_text())  # noqa: B023
        tasks.cancel_scope.cancel()
    ledger.close()


async def test_what_is_noted_and_cannot_be_written_is_not_settled(tmp_path: Path) -> None:
    ledger, catalogue = await opened(tmp_path / "missing")
    ledger.note(Uploaded("0001/01", 1, 2))
    for _ in range(2):
        with pytest.raises(StoreError, match="write the ledger"):
            await ledger.settle()
        assert ledger.is_broken
    (tmp_path / "missing").mkdir()
    await ledger.settle()
    assert not ledger.is_broken
    ledger.close()
    again, known = await opened(tmp_path / "missing")
    assert known.keys_after("", 9) == catalogue.keys_after("", 9) == ["0001/01"]
    again.close()
