from collections.abc import Callable
from pathlib import Path

import pytest

from pacsd.app import file_sending, sendable_files
from pacsd.app.dicom_files import find
from pacsd.app.file_sending import send_files
from pacsd.app.sendable_files import SentFile
from pacsd.dimse.commands import CStoreRQ
from pacsd.net.delivery import Terms
from pacsd.net.endpoint import Endpoint
from pacsd.net.errors import AssociationError, NotConnected
from pacsd.net.scu import Destination, Timeouts
from pacsd.net.sending import Outcome
from tests.app.dicom_folder import data_set, write
from tests.net.storing_peer import StoringPeer, storing

TERMS = Terms(Timeouts())


class Heard:
    """Who is told."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self.others: list[str] = []
        self.untried = 0

    def sent(self, file: SentFile, outcome: Outcome) -> None:
        self.outcomes[file.path.name] = outcome

    def skipped(self, path: Path) -> None:
        self.others.append(path.name)

    def unreadable(self, path: Path, why: str) -> None:
        self.others.append(f"{path.name}: {why}")

    def not_tried(self, files: int) -> None:
        self.untried += files


async def test_a_folder_is_sent_and_what_is_no_dicom_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sendable_files, "FILES_AT_ONCE", 2)
    for number in range(5):
        write(tmp_path / str(number), uid=f"1.2.{number}")
    (tmp_path / "readme").write_text("no DICOM")
    peer, heard = StoringPeer(), Heard()
    async with storing(peer) as destination:
        await send_files([tmp_path, tmp_path / "gone"], destination, TERMS, heard)
    assert {each.status for each in heard.outcomes.values()} == {0}
    # Several are outstanding at once: which comes first hangs on how soon each file is read.
    came = sorted(each.data_set for each in peer.stored)
    assert came == sorted(data_set(f"1.2.{n}") for n in range(5))
    assert heard.others == ["readme", "gone: No such file or directory"]
    assert len(peer.requests) == 1


async def test_a_file_that_has_gone_meanwhile_fails_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "1", uid="1.1")
    write(tmp_path / "2", uid="1.2")
    found = list(find([tmp_path]))
    (tmp_path / "1").unlink()
    monkeypatch.setattr(file_sending, "find", lambda _: iter(found))
    peer, heard = StoringPeer(), Heard()
    async with storing(peer) as destination:
        await send_files([tmp_path], destination, TERMS, heard)
    assert "No such file" in heard.outcomes["1"].comment
    assert peer.uids() == ["1.2"]


async def test_nobody_there(tmp_path: Path) -> None:
    destination = Destination(Endpoint("127.0.0.1", 1), "PEER", "ME")
    heard = Heard()
    with pytest.raises(NotConnected):
        await send_files([write(tmp_path / "1")], destination, TERMS, heard)
    assert heard.untried == 1


async def test_what_is_left_when_the_peer_is_lost_is_looked_at_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sendable_files, "FILES_AT_ONCE", 2)
    for number in range(9):
        write(tmp_path / str(number), uid=f"1.2.{number}")
    (tmp_path / "readme").write_text("no DICOM")
    peer, heard = StoringPeer(answer=first_only(), max_associations=1), Heard()
    async with storing(peer) as destination:
        with pytest.raises(AssociationError):
            await send_files([tmp_path], destination, TERMS, heard)
    assert len(heard.outcomes) + heard.untried == 9
    assert [each.status for each in heard.outcomes.values()].count(0) == 1
    assert heard.others == ["readme"]


def first_only() -> Callable[[CStoreRQ], tuple[int, str] | None]:
    """The first is stored, at the second the peer aborts."""
    answers = iter([(0, "")])
    return lambda _: next(answers, None)
