"""Errands done by a command itself, on a real store and index."""

from pathlib import Path

import pytest

from pacsd.app.admin.unix_socket import AdminError
from pacsd.app.import_records import ImportProgress
from pacsd.app.offline import perform
from pacsd.archive.check_records import CheckProgress
from tests.app.test_importing import write
from tests.app.test_opening import checked


async def done(data_dir: Path, kind: str, **arguments: object) -> tuple[str, object]:
    shown: list[object] = []
    failure = await perform(checked(data_dir), data_dir, kind, arguments, shown.append)
    return failure, shown[-1]


async def test_files_are_imported_and_checked(tmp_path: Path) -> None:
    folder, data_dir = tmp_path / "files", tmp_path / "data"
    data_dir.mkdir()
    for number in range(10):
        write(folder / str(number), number)
    failure, report = await done(data_dir, "import", paths=[str(folder)])
    assert failure == ""
    assert isinstance(report, ImportProgress)
    assert report.outcomes == {"stored": 10}
    failure, report = await done(data_dir, "check", with_digests=True)
    assert failure == ""
    assert isinstance(report, CheckProgress)
    assert (report.rows, report.files, report.verified, report.counts) == (10, 10, 10, {})


async def test_d35_files_are_for_their_owner_to_read_and_for_nobody_to_run(
    tmp_path: Path,
) -> None:
    write(tmp_path / "file", preamble=b"#!/bin/sh\nid\n".ljust(128, b"#"))
    (tmp_path / "data").mkdir()
    await done(tmp_path / "data", "import", paths=[str(tmp_path / "file")])
    (stored,) = (tmp_path / "data/store/objects").rglob("*.dcm")
    assert stored.stat().st_mode & 0o7777 == 0o600
    assert stored.read_bytes()[:128] == bytes(128)


async def test_what_cannot_be_done_says_why(tmp_path: Path) -> None:
    failure, report = await done(tmp_path, "import", paths=[str(tmp_path / "nowhere")])
    assert "No such file or directory" in failure
    assert isinstance(report, ImportProgress)


async def test_wrong_arguments(tmp_path: Path) -> None:
    with pytest.raises(AdminError):
        await done(tmp_path, "import", paths=[])
