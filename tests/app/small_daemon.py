"""The part of a daemon that admin commands see: a recorder, a listener, an admin socket."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from anyio.abc import TaskStatus
from anyio.from_thread import start_blocking_portal

from pacsd.app.admin.commands import NotReloaded, admin_commands
from pacsd.app.admin.records import Reloaded
from pacsd.app.admin.unix_socket import SOCKET_NAME, AdminSocket
from pacsd.net.endpoint import Endpoint
from pacsd.net.recorder import (
    AssociationRecord,
    CommandRecord,
    Outcome,
    Recorder,
    Refusal,
)
from pacsd.net.settings import RecorderSettings
from pacsd.ul.items import UserInformation
from pacsd.ul.negotiation import Negotiated, PresentationContext
from pacsd.ul.pdu import AssociateRQ, ProposedContext

VERIFICATION = "1.2.840.10008.1.1"
CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
IMPLICIT_VR = "1.2.840.10008.1.2"
STARTED_AT = 1_700_000_000.0

REFUSAL = Refusal(
    at=STARTED_AT,
    peer_address="192.0.2.7",
    calling_ae="CT1",
    called_ae="PACSD",
    rejection="rejected permanent, by the service user: calling AE title not recognized",
    why="calling AE title CT1 is not in the peers file and calls from 192.0.2.7",
    key="peer.ae_title or dimse.unknown_peers",
)


class SmallListener:
    """A fake of the listener: associations are only records."""

    addresses = (Endpoint("127.0.0.1", 11112),)

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self.aborted: list[tuple[int, str]] = []

    def open_associations(self) -> int:
        return len(list(self._recorder.open_associations()))

    def abort(self, number: int, reason: str) -> bool:
        if all(record.number != number for record in self._recorder.open_associations()):
            return False
        self.aborted.append((number, reason))
        return True


class SmallDaemon:
    """What a test sets up and looks at.

    `reload_problems` is what the next reload finds wrong, `need_restart` what it leaves,
    `ill` which plugins are so afterwards;
    `stores` says what is wrong with each.
    """

    def __init__(self) -> None:
        self.recorder = Recorder(RecorderSettings())
        self.listener = SmallListener(self.recorder)
        self.reload_problems: Sequence[str] = ()
        self.need_restart: tuple[str, ...] = ()
        self.ill: dict[str, str] = {}
        self.stores: dict[str, str] = {}
        self.commands = admin_commands(
            self.recorder, self.listener, reload=self._reload, stores=lambda: self.stores
        )

    async def _reload(self) -> Reloaded:
        if self.reload_problems:
            raise NotReloaded(self.reload_problems)
        return Reloaded(self.need_restart, ill=self.ill)

    def open_association(self, calling_ae: str = "CT1") -> AssociationRecord:
        """One with two contexts proposed, the first accepted, and one C-ECHO."""
        record = self.requested_association(calling_ae)
        accepted = {1: PresentationContext(1, VERIFICATION, IMPLICIT_VR)}
        record.accepted(Negotiated(accepted, 16_384, 16_384))
        echo = CommandRecord(0.5, "C-ECHO-RQ", 7, VERIFICATION, 0, 0, 0.001)
        self.recorder.command(record, echo)
        return record

    def requested_association(self, calling_ae: str = "CT1") -> AssociationRecord:
        """One that is not answered yet."""
        contexts = (
            ProposedContext(1, VERIFICATION, (IMPLICIT_VR,)),
            ProposedContext(3, CT_IMAGE_STORAGE, ("1.2.3.4",)),
        )
        record = self.recorder.begin(STARTED_AT, "192.0.2.7")
        record.requested(AssociateRQ("PACSD", calling_ae, contexts, USER_INFORMATION))
        return record

    def end(self, record: AssociationRecord, outcome: Outcome = Outcome.RELEASED) -> None:
        """It is over after two seconds."""
        record.outcome = outcome
        self.recorder.end(record, STARTED_AT + 2)


USER_INFORMATION = UserInformation(
    max_length=16_384,
    implementation_class_uid="1.2.3",
    implementation_version_name="CT SOFT 1",
)


@contextmanager
def running(daemon: SmallDaemon, data_dir: Path) -> Iterator[None]:
    """Serve the admin socket in another thread: commands block."""

    async def serve(*, task_status: TaskStatus[None]) -> None:
        await AdminSocket(data_dir / SOCKET_NAME, daemon.commands).run(task_status.started)

    with start_blocking_portal() as portal:
        served, _ = portal.start_task(serve)
        yield
        served.cancel()
