"""Senders that store while the daemon is killed, and the reckoning afterwards."""

import hashlib
import itertools
import random
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from pacsd.dicom.part10 import decode_file_meta
from pacsd.dimse.command_codec import decode_command
from pacsd.dimse.commands import CStoreRSP
from pacsd.index.index import Index, open_index
from pacsd.index.records import Copy, InstanceState, Scope
from pacsd.testing import objects
from pacsd.testing.daemon import Running
from pacsd.ul.decode import decode_p_data
from pacsd.ul.pdu import PDUType
from tests.net.harness import STORE_CONTEXT, associate_rq, command, data_set, store_rq

SENDERS = 4
LOOPBACK = "127.0.0.1"
PATIENCE_S = 15.0
CONFLICT = 0xC010
NOT_NOW = 0xA700


@dataclass(frozen=True, slots=True)
class Version:
    """A data set under a SOP Instance UID."""

    uid: str
    sha256: bytes


@dataclass(slots=True)
class Ledger:
    """What the senders were told; kept over all kills of a campaign.

    `first` is the version of each UID that was answered with success, `aside` are the versions
    that were answered with a conflict.
    """

    first: dict[str, bytes] = field(default_factory=dict)
    aside: set[Version] = field(default_factory=set)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def copy(self) -> "Ledger":
        """The same, to be kept otherwise from now on."""
        with self.changed:
            return Ledger({**self.first}, {*self.aside})

    def answered(self, version: Version, status: int) -> None:
        with self.changed:
            self.changed.notify_all()
            if status == 0:
                told = self.first.setdefault(version.uid, version.sha256)
                assert told == version.sha256, f"{version.uid}: two versions acknowledged"
            else:
                assert status == CONFLICT, f"{version.uid}: {status:04X}"
                self.aside.add(version)

    def wait_for(self, acknowledged: int) -> None:
        """Wait until so many objects were acknowledged. Blocks."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.first) >= acknowledged, PATIENCE_S)


class Sender:
    """Stores until the daemon is gone or takes nothing.

    New objects of its own, the same again, other versions of them; and objects that all senders
    send, at once, in several versions and under two patients.
    """

    def __init__(self, number: int, ledger: Ledger, chance: random.Random) -> None:
        self._number = number
        self._ledger = ledger
        self._chance = chance
        self._count = 0
        self.refused = 0

    def send_until_gone(self, port: int, most: int) -> None:
        with suppress(OSError, EOFError):
            self._send(port, most)

    def _send(self, port: int, most: int) -> None:
        with storing(port, f"SENDER{self._number}") as store:
            for _ in range(most):
                uid, data = self._next()
                status = store(uid, data)
                if status == NOT_NOW:
                    self.refused += 1
                    return
                self._ledger.answered(Version(uid, hashlib.sha256(data).digest()), status)

    def _next(self) -> tuple[str, bytes]:
        kind = self._chance.random()
        version = f"version {self._chance.randint(1, 3)}"
        if kind < 0.3:
            # Enough of them that a few kills see one come first as the other patient's.
            shared = self._chance.randint(1, 20 + self._count // 4)
            patient = self._chance.choice(("P0", "ANOTHER"))
            return _object(0, shared, patient, version)
        if kind < 0.8 or not self._count:
            self._count += 1
            return _object(self._number, self._count, f"P{self._number}", "")
        known = self._chance.randint(1, self._count)
        return _object(self._number, known, f"P{self._number}", "" if kind < 0.93 else version)


@contextmanager
def storing(port: int, calling_ae: str = "CT1") -> Iterator[Callable[[str, bytes], int]]:
    """An association: stores a data set under a UID, and gives the status of the response."""
    with (
        socket.create_connection((LOOPBACK, port), timeout=PATIENCE_S) as connection,
        connection.makefile("rb") as received,
    ):
        connection.sendall(associate_rq(calling_ae=calling_ae))
        if _pdu(received)[0] == PDUType.ASSOCIATE_RJ:
            raise EOFError("not admitted now")
        message_ids = itertools.cycle(range(1, 65_535))

        def store(uid: str, data: bytes) -> int:
            request = store_rq(next(message_ids), uid)
            connection.sendall(command(request, STORE_CONTEXT) + data_set(data))
            answer = _pdu(received)
            assert answer[0] == PDUType.P_DATA_TF, f"{answer!r} instead of a response"
            pdv = decode_p_data(memoryview(answer)[6:]).pdvs[0]
            response = decode_command(bytes(pdv.data))
            assert isinstance(response, CStoreRSP)
            return response.status

        yield store


def _object(owner: int, count: int, patient_id: str, comments: str) -> tuple[str, bytes]:
    uid = f"1.2.826.{owner}.{count}"
    study = f"1.2.3.{owner}"
    data = objects.data_set(
        {
            "SOPInstanceUID": uid,
            "StudyInstanceUID": study,
            "SeriesInstanceUID": f"{study}.{count // 50}",
            "PatientID": patient_id,
            "ImageComments": comments,
        },
        pixel_bytes=count % 7 * 3_000,
    )
    return uid, data


class Campaign:
    """One data directory, its senders and their ledger."""

    def __init__(self, seed: int, senders: int = SENDERS) -> None:
        self.ledger = Ledger()
        self.chance = random.Random(seed)
        self._senders = [
            Sender(number, self.ledger, random.Random(seed + number))
            for number in range(1, senders + 1)
        ]

    @property
    def refused(self) -> int:
        """How often a sender was told to come later."""
        return sum(sender.refused for sender in self._senders)

    @contextmanager
    def sending(self, daemon: Running, most: int = 1_000_000) -> Iterator[None]:
        """Every sender sends in a thread of its own; all have ended afterwards."""
        threads = [
            threading.Thread(target=sender.send_until_gone, args=(daemon.port, most))
            for sender in self._senders
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            for thread in threads:
                thread.join()

    async def reckon(self, data_dir: Path) -> Counter[str]:
        """Hold what is there, with no daemon running, against what the senders were told."""
        async with open_index(data_dir / "index", now_us=lambda: 0) as index:
            rows = await _all_copies(index)
            versions = await index.quarantine.page(Scope(), limit=1_000_000)
            found = {uid: await index.instances.find(Scope(), uid) for uid in self.ledger.first}
        store = data_dir / "store" / "objects"
        for uid, sha256 in self.ledger.first.items():
            instance = found[uid]
            assert instance is not None, f"{uid}: acknowledged and lost"
            assert [copy.sha256 for copy in instance.copies] == [sha256], f"{uid}: overwritten"
        kept = {
            Version(each.version.sop_instance_uid, each.version.copy.sha256) for each in versions
        }
        assert self.ledger.aside <= kept, "a version was acknowledged as kept aside, and lost"
        digests = {row.location.key: row.sha256 for row in rows}
        digests |= {each.version.copy.key: each.version.copy.sha256 for each in versions}
        assert len(digests) == len(rows) + len(versions), "two rows for one file"
        files = {str(path.relative_to(store)) for path in store.rglob("*.dcm")}
        assert files == {*digests}, "half visible: a row without a file, or a file without a row"
        for key, sha256 in digests.items():
            assert _digest(store / key) == sha256, f"{key}: not what was stored"
        held = sum(each is not None and each.state is InstanceState.HELD for each in found.values())
        return Counter(instances=len(rows), versions=len(versions), held=held)


async def _all_copies(index: Index) -> list[Copy]:
    copies: list[Copy] = []
    key = ""
    while page := await index.copies.by_location(Scope(), "store_fs", key):
        copies += page
        key = page[-1].location.key
    return copies


def _digest(path: Path) -> bytes:
    content = path.read_bytes()
    _, offset = decode_file_meta(content)
    return hashlib.sha256(content[offset:]).digest()


def _pdu(received: BinaryIO) -> bytes:
    header = received.read(6)
    body = received.read(int.from_bytes(header[2:], "big")) if len(header) == 6 else b""
    if not body:
        raise EOFError
    return header + body
