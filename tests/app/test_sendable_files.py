from dataclasses import dataclass
from pathlib import Path

import pytest

from pacsd.app import sendable_files
from pacsd.app.dicom_files import DicomFile, find
from pacsd.app.sendable_files import SendableFiles
from pacsd.dicom.errors import Part10Error
from pacsd.net.sending import Outcome
from tests.app.dicom_folder import write
from tests.app.test_file_sending import Heard


@dataclass(frozen=True)
class Made:
    path: Path
    transfer_syntax_uid: str


def made(file: DicomFile) -> Made:
    if file.path.name == "gone":
        raise FileNotFoundError(2, "No such file")
    if file.path.name == "odd":
        raise Part10Error("preamble: odd")
    return Made(file.path, file.transfer_syntax_uid)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sendable_files, "FILES_AT_ONCE", 2)
    for name in ("1", "2", "3", "gone", "odd"):
        write(tmp_path / name)
    (tmp_path / "readme").write_text("no DICOM")
    return tmp_path


async def test_they_come_in_groups_and_the_others_are_told(folder: Path) -> None:
    heard = Heard()
    run = SendableFiles[Made](find([folder]), made, heard)
    groups = [[each.path.name for each in group] async for group in run.groups()]
    assert groups == [["1", "2"], ["3"], []]
    assert heard.others == ["gone: No such file", "odd: preamble: odd", "readme"]


async def test_what_was_not_tried_is_counted(folder: Path) -> None:
    heard = Heard()
    run = SendableFiles[Made](find([folder]), made, heard)
    first, _ = await anext(run.groups())
    run.sent(first, Outcome(0))
    await run.count_rest()
    assert (list(heard.outcomes), heard.untried) == (["1"], 2)
    assert heard.others == ["gone: No such file", "odd: preamble: odd", "readme"]
