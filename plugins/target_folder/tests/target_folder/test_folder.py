import io
import os
import shutil
from pathlib import Path
from typing import BinaryIO

import pytest
from pacsd_target_folder.folder import Folder
from pacsd_target_folder.settings import FolderSettings

from pacsd.api.audit import AuditNote
from pacsd.api.instances import InstanceFacts
from pacsd.api.route_target import Delivery, DeliveryOutcome, InstanceResult
from pacsd.testing.fake_host import FakeHost, fake_host
from pacsd.testing.memory_instances import MemoryInstances
from pacsd.testing.objects import dicom_file
from pacsd.testing.route_contract import RouteTargetContract

UIDS = ("1.2.3.1.1", "1.2.3.1.2", "1.2.3.1.3")
AGAIN, DELIVERED, REFUSED = (
    DeliveryOutcome.AGAIN,
    DeliveryOutcome.DELIVERED,
    DeliveryOutcome.REFUSED,
)


def folder_at(path: Path, host: FakeHost, **keys: object) -> Folder:
    given = {"name": "research", "path": path, "keep_free_bytes": 0, **keys}
    return Folder(FolderSettings.model_validate(given), host)


class TestFolder(RouteTargetContract):
    @pytest.fixture
    def target(self, tmp_path: Path) -> Folder:
        return folder_at(tmp_path, fake_host(tmp_path))


class TestFolderThatIsGone(RouteTargetContract):
    @pytest.fixture
    def target(self, tmp_path: Path) -> Folder:
        return folder_at(tmp_path / "gone", fake_host(tmp_path))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.fixture
async def host(tmp_path: Path) -> FakeHost:
    host = fake_host(tmp_path)
    for uid in UIDS:
        await host.instances.add(io.BytesIO(dicom_file({"SOPInstanceUID": uid})))
    return host


async def delivery(host: FakeHost, *others: InstanceFacts) -> Delivery:
    facts = (*others, *await host.instances.of_study("1.2.3"))
    return Delivery("folder:research", "rule 1", "a rule", 1, "1.2.3", facts)


def place(out: Path, uid: str) -> Path:
    return out / "1.2.3" / "1.2.3.1" / f"{uid}.dcm"


def names_in(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


def unknown(uid: str) -> InstanceFacts:
    return InstanceFacts(uid, "1.2", "1.2.3.1", "1.2.3", "1.2.840.10008.1.2.1", 9)


async def test_instances_become_files_as_they_are_stored(host: FakeHost, out: Path) -> None:
    target = folder_at(out, host)
    assert await target.check() is None
    for _ in range(2):  # what is sent twice does no harm
        result = await target.send(await delivery(host))
        assert (result.outcome, result.exceptions) == (DELIVERED, ())
    for uid in UIDS:
        with await host.instances.open(uid) as stored:
            assert place(out, uid).read_bytes() == stored.read()
    assert list((out / ".incoming").iterdir()) == []


async def test_the_audit_trail_says_what_left(host: FakeHost, out: Path) -> None:
    await folder_at(out, host).send(await delivery(host, unknown("1.2.3.9")))
    detail = "3 of 4 instances to folder:research"
    assert host.audit.notes == [AuditNote("send", "not all", "1.2.3", detail)]


async def test_one_that_cannot_be_had_or_has_no_uid_is_left_alone(
    host: FakeHost, out: Path
) -> None:
    odd, gone = unknown("../../x"), unknown("1.2.3.9")
    result = await folder_at(out, host).send(await delivery(host, odd, gone))
    assert result.outcome is DELIVERED
    first, second = result.exceptions
    assert (first.sop_instance_uid, first.outcome) == ("../../x", REFUSED)
    assert "is not 1-64 digits and dots" in first.explanation
    assert (second.sop_instance_uid, second.outcome) == ("1.2.3.9", AGAIN)
    assert "there is no such instance" in second.explanation
    assert all(place(out, uid).is_file() for uid in UIDS)


async def test_one_whose_name_is_taken_is_left_alone(host: FakeHost, out: Path) -> None:
    place(out, UIDS[0]).mkdir(parents=True)
    result = await folder_at(out, host).send(await delivery(host))
    why = f"folder {out}: Is a directory"
    assert result.exceptions == (InstanceResult(UIDS[0], AGAIN, why),)
    assert result.outcome is DELIVERED


async def test_one_that_is_not_as_long_as_it_is_said_to_be(host: FakeHost, out: Path) -> None:
    asked = await delivery(host)
    short = unknown(UIDS[0])
    wrong = Delivery("t", "rule", "reason", 1, "1.2.3", (short, *asked.instances[1:]))
    result = await folder_at(out, host).send(wrong)
    [left] = result.exceptions
    assert (left.sop_instance_uid, left.outcome) == (UIDS[0], AGAIN)
    assert "instead of 9" in left.explanation


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"keep_free_bytes": 2**60}, "bytes are free"),
        ({"must_be_mounted": True}, "nothing is mounted at"),
    ],
)
async def test_a_folder_that_takes_nothing_now(
    host: FakeHost, out: Path, keys: dict[str, object], why: str
) -> None:
    target = folder_at(out, host, **keys)
    assert why in str(await target.check())
    result = await target.send(await delivery(host))
    assert (result.outcome, result.exceptions) == (AGAIN, ())
    assert why in result.explanation
    assert names_in(out) == []
    assert host.audit.notes == []


class Vanishing(MemoryInstances):
    """Takes the folder away when the second instance is wanted."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._opened = 0

    async def open(self, sop_uid: str, /) -> BinaryIO:
        self._opened += 1
        if self._opened == 2:
            shutil.rmtree(self._folder)
        return await super().open(sop_uid)


async def test_a_folder_that_goes_half_way_has_nothing_for_good(tmp_path: Path, out: Path) -> None:
    host = FakeHost("target_folder", tmp_path, instances=Vanishing(out))
    for uid in UIDS:
        await host.instances.add(io.BytesIO(dicom_file({"SOPInstanceUID": uid})))
    result = await folder_at(out, host).send(await delivery(host))
    assert (result.outcome, result.exceptions) == (AGAIN, ())
    assert result.explanation == f"folder {out}: No such file or directory"


async def test_a_folder_that_does_not_answer_is_left_and_keeps_what_it_has(
    host: FakeHost, out: Path
) -> None:
    place(out, UIDS[1]).parent.mkdir(parents=True)
    os.mkfifo(place(out, UIDS[1]))  # whoever opens it waits, as on a share that is gone
    result = await folder_at(out, host, patience_s=0.2).send(await delivery(host))
    with place(out, UIDS[1]).open("wb"):
        pass  # let the thread go
    assert result.outcome is AGAIN
    assert f"folder {out}: no answer within 0.2" in result.explanation
    assert result.exceptions == (InstanceResult(UIDS[0], DELIVERED),)
    assert place(out, UIDS[0]).is_file()
