"""The trail of what left, in the real index."""

from pathlib import Path

import pytest
from sqlalchemy import select

from pacsd.archive import access
from pacsd.archive.access import Access, Retrieved
from pacsd.index import schema_records
from pacsd.index.index import open_index
from pacsd.index.sqlite import SqliteFile, close

RETRIEVED = Retrieved("WS1", "192.0.2.7", "retrieve (C-GET)", "0000", ("1.2", "1.3"), "2 of 2")


def never(retrieved: Retrieved, why: str) -> None:
    raise AssertionError(f"{retrieved} was not noted: {why}")


def rows(folder: Path) -> list[tuple[str, ...]]:
    audit = schema_records.audit.c
    connection = SqliteFile(folder / "index.sqlite").connect_reader()
    chosen = select(
        audit.actor, audit.action, audit.outcome, audit.study_instance_uid, audit.detail
    )
    found = [tuple(row) for row in connection.execute(chosen.order_by(audit.id))]
    close(connection)
    return found


async def test_each_study_has_its_row(tmp_path: Path) -> None:
    async with open_index(tmp_path, now_us=lambda: 0) as index:
        await Access(index, never).note(RETRIEVED)
    same = ("WS1", "retrieve (C-GET)", "0000")
    assert rows(tmp_path) == [(*same, "1.2", "2 of 2"), (*same, "1.3", "2 of 2")]


async def test_of_very_many_studies_the_rest_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "MAX_STUDIES", 1)
    async with open_index(tmp_path, now_us=lambda: 0) as index:
        await Access(index, never).note(RETRIEVED)
    assert [row[3:] for row in rows(tmp_path)] == [("1.2", "2 of 2"), ("", "1 more studies")]


async def test_what_cannot_be_kept_is_told(tmp_path: Path) -> None:
    told: list[tuple[Retrieved, str]] = []
    async with open_index(tmp_path, now_us=lambda: 0) as index:
        trail = Access(index, lambda *what: told.append(what))
    await trail.note(RETRIEVED)
    assert told == [(RETRIEVED, "index is stopping")]
