"""The way of instances from a payload into ingest: begun, written, finished side by side."""

from collections.abc import Callable

import anyio
from anyio.abc import TaskGroup

from pacsd.api.reception import DEFAULT_PARTITION, Reception
from pacsd.archive.ingest import Ingest, InstanceRequest
from pacsd.archive.intake import Intake
from pacsd.dicom.headers import Buffer
from pacsd.dicom.part10 import ZERO_PREAMBLE
from pacsd.net.web.exchange import Exchange
from pacsd.net.web.store_report import Stored

ORIGIN = "dicomweb"
RENEWED_S = 10.0
"""So often a connection is told to be alive whose payload waits for the store."""

HELD = "Held, not shown: it names another patient than its study has; an operator decides"
"""What is said of an instance that is stored, and yet 404 for who asks for it."""

ASIDE = "Stored, not shown: it waits for an operator to release it"

AT_ONCE = 16
"""So many instances of a payload wait for their commit, while more of it is read."""


class Entrance:
    """Where the instances of one request go in."""

    def __init__(self, ingest: Ingest, exchange: Exchange, now_us: Callable[[], int]) -> None:
        self._ingest = ingest
        self._exchange = exchange
        self._now_us = now_us
        self._places = anyio.Semaphore(AT_ONCE)

    def refusal(self) -> str | None:
        """Why nothing is taken in now, None when instances may come."""
        return self._ingest.admits()

    def begin(
        self, stored: Stored, transfer_syntax_uid: str, preamble: bytes = ZERO_PREAMBLE
    ) -> Intake:
        """Open an instance of the UIDs that `stored` has.

        Raises:
            Part10Error: it has a value that no file may have.
        """
        return self._ingest.begin(
            InstanceRequest(
                sop_class_uid=stored.sop_class_uid,
                sop_instance_uid=stored.sop_instance_uid,
                transfer_syntax_uid=transfer_syntax_uid,
                reception=Reception(
                    partition=DEFAULT_PARTITION,
                    calling_ae="",
                    called_ae="",
                    peer_address=self._exchange.client,
                    received_at_us=self._now_us(),
                    origin=ORIGIN,
                ),
                preamble=preamble,
                study_instance_uid=self._exchange.target.study_instance_uid,
            )
        )

    async def write(self, intake: Intake, data: Buffer) -> None:
        """Write more of it, and wait while too much of it waits."""
        if not data:
            return
        intake.write(data)
        while intake.is_congested:
            drained = anyio.Event()
            intake.on_drained = drained.set
            with anyio.move_on_after(RENEWED_S):
                await drained.wait()
            # It is the store that is waited for, and not the client.
            self.alive()

    def alive(self) -> None:
        """Something moves: there is time for more of the payload."""
        self._exchange.alive()

    async def finish(self, intake: Intake, stored: Stored, tasks: TaskGroup) -> None:
        """It is whole: `stored` says what became of it once the tasks are done."""
        try:
            await self._places.acquire()
        except BaseException:
            await intake.abort("the request broke off")  # shielded
            raise
        tasks.start_soon(self._finish, intake, stored, name="STOW-RS: an instance")

    async def _finish(self, intake: Intake, stored: Stored) -> None:
        try:
            outcome = await intake.finish()
            not_shown = HELD if outcome.is_held else ASIDE if outcome.is_set_aside else ""
            said = (outcome.comment, not_shown)
            stored.status, stored.comment = outcome.status, "; ".join(filter(None, said))
        finally:
            self._places.release()
