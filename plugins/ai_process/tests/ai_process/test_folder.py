"""The folder of a run: linked inputs, and what is left of it."""

import os
from io import BytesIO
from pathlib import Path

import orjson
import pytest
from pacsd_ai_process.folder import RunFolder, RunFolders, TooMuch

from pacsd.api.instances import InstanceFacts
from tests.model_programs import work

FACTS = InstanceFacts("1.2.3.4", "1.2.840.10008.5.1.4.1.1.2", "1.2.3", "1.2", "1.2", 4)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolders(tmp_path / "runs", 3_600).new(work())


def test_it_says_what_the_work_is(folder: RunFolder) -> None:
    told = orjson.loads((folder.path / "work.json").read_bytes())
    assert (told["model"], told["attempt"], told["inputs"][0]["modality"]) == ("counts", 1, "CT")
    assert {each.name for each in folder.path.iterdir()} == {
        *("input", "output", "scratch", "work.json")
    }
    assert {each.stat().st_mode & 0o777 for each in folder.path.iterdir() if each.is_dir()} == {
        0o700
    }


@pytest.mark.parametrize("may_link", [True, False])
def test_inputs_are_linked_where_they_may_be(
    folder: RunFolder, tmp_path: Path, may_link: bool
) -> None:
    stored = tmp_path / "stored.dcm"
    stored.write_bytes(b"file")
    with stored.open("rb") as file:
        file.read()  # wherever it stands
        folder.bring(FACTS, file, may_link=may_link)
    brought = folder.path / "input" / "1.2.3" / "1.2.3.4.dcm"
    assert brought.read_bytes() == b"file"
    assert brought.samefile(stored) is may_link


def test_a_file_without_a_name_is_copied(folder: RunFolder, tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_TMPFILE | os.O_RDWR | os.O_EXCL)
    with os.fdopen(descriptor, "w+b") as file:
        file.write(b"file")
        file.flush()
        folder.bring(FACTS, file, may_link=True)
    assert (folder.path / "input" / "1.2.3" / "1.2.3.4.dcm").read_bytes() == b"file"


def test_no_uid_leads_out_of_it(folder: RunFolder) -> None:
    for uid in ("../../x", "1.2/3", ""):
        facts = InstanceFacts(uid, "1.2", "1.2.3", "1.2", "1.2", 4)
        with pytest.raises(ValueError, match="no file can be named by"):
            folder.bring(facts, BytesIO(b"x"), may_link=False)


def test_what_is_left_is_bounded_whatever_it_is(folder: RunFolder) -> None:
    deep = folder.output / "a" / "b"
    deep.mkdir(parents=True)
    (deep / "c").write_bytes(bytes(50_000))
    (folder.output / "link").symlink_to("/etc/passwd")
    assert folder.found(100_000) is None
    with pytest.raises(TooMuch, match=r"it left \d+ bytes in output, 50000 are the most"):
        folder.found(50_000)


def test_patients_files_do_not_stay(folder: RunFolder) -> None:
    folder.bring(FACTS, BytesIO(b"file"), may_link=False)
    folder.empty(with_output=False)
    assert {each.name for each in folder.path.iterdir()} == {"output", "work.json"}
    folder.empty(with_output=True)
    assert {each.name for each in folder.path.iterdir()} == {"work.json"}
