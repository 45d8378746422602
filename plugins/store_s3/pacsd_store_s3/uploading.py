"""Uploads run behind: a bounded number at once, until the far store has all that waits."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import anyio
from pacsd_s3_client.far import FarObject
from pacsd_s3_client.faults import FarError, FarFault

from pacsd.api.crashpoints import crashpoint
from pacsd.api.plugin import Logger
from pacsd_store_s3.catalogue import Catalogue, Place
from pacsd_store_s3.entries import Uploaded
from pacsd_store_s3.ledger import Ledger
from pacsd_store_s3.line import Turn, WaitingLine

UploadOne = Callable[[str, Place], Awaitable[FarObject]]


@dataclass(slots=True, eq=False)
class _Awaited:
    """An object somebody waits for: whether the far store has it, or why it does not yet."""

    is_done: anyio.Event = field(default_factory=anyio.Event)
    failure: FarError | None = None


class Uploading:
    """Takes objects from the line, and says what came of it."""

    def __init__(
        self,
        upload: UploadOne,
        catalogue: Catalogue,
        ledger: Ledger,
        line: WaitingLine,
        logger: Logger,
        cached: Callable[[], None],
    ) -> None:
        self._upload = upload
        self._catalogue = catalogue
        self._ledger = ledger
        self._line = line
        self._logger = logger
        self._cached = cached
        self._awaited: dict[str, _Awaited] = {}

    async def run(self, at_once: int) -> None:
        """Upload until cancelled."""
        async with anyio.create_task_group() as tasks:
            for number in range(at_once):
                tasks.start_soon(self._work, name=f"upload {number}")

    async def wait_for(self, keys: Sequence[str], timeout_s: float) -> dict[str, FarError]:
        """Wait until the far store has these objects, which are put first in the line.

        Returns:
            Those that it has not, and why.
        """
        awaited = {key: _Awaited() for key in keys}
        self._awaited |= awaited
        for key in keys:
            self._line.join(key, is_urgent=True)
        try:
            with anyio.move_on_after(timeout_s):
                for each in awaited.values():
                    await each.is_done.wait()
        finally:
            for key in keys:
                del self._awaited[key]
                self._line.relax(key)
        late = FarError(FarFault.DOWN, "no answer in time")
        return {
            key: each.failure or late
            for key, each in awaited.items()
            if each.failure is not None or not each.is_done.is_set()
        }

    async def _work(self) -> None:
        while True:
            turn = await self._line.take()
            place = self._catalogue.waiting(turn.key)
            if place is None:
                self._line.give_up(turn)
                continue
            try:
                failure = await self._try(turn, place)
            except BaseException:
                self._line.give_up(turn)
                raise
            self._end(turn, failure)

    async def _try(self, turn: Turn, place: Place) -> FarError | None:
        try:
            found = await self._upload(turn.key, place)
            crashpoint("before_uploaded")
            if self._catalogue.is_waiting(turn.key):
                self._ledger.note(Uploaded(turn.key, found.size_bytes, found.modified_at_us))
            crashpoint("after_uploaded")
        except FarError as error:
            return error
        return None

    def _end(self, turn: Turn, failure: FarError | None) -> None:
        self._tell(turn, failure)
        awaited = self._awaited.get(turn.key)
        self._line.give_back(
            turn,
            failure,
            is_gone=not self._catalogue.is_waiting(turn.key),
            is_urgent=awaited is not None,
        )
        if failure is None:
            self._cached()
        if awaited is not None:
            awaited.failure = failure
            # What is refused once is not tried again while somebody waits.
            if failure is None or failure.is_of_object:
                awaited.is_done.set()

    def _tell(self, turn: Turn, failure: FarError | None) -> None:
        is_down = self._line.outage is not None
        if failure is None or failure.is_of_object:
            if is_down:
                self._logger.info("the far store answers again", **self._waiting())
        elif not is_down:
            self._logger.warning(
                "the far store takes nothing", why=failure.sentence, **self._waiting()
            )
        if failure is not None and failure.is_of_object:
            self._logger.error("the far store refuses an object", key=turn.key, why=str(failure))

    def _waiting(self) -> dict[str, int]:
        return {
            "objects": self._catalogue.waiting_objects,
            "bytes": self._catalogue.waiting_bytes,
        }
