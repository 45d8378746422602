"""An operation over DIMSE that somebody may have to be allowed, asked once its data set is here."""

from collections.abc import Awaitable, Callable

from pacsd.api.vote import Deny
from pacsd.archive.sight import Sight
from pacsd.dicom.status import Status
from pacsd.net.finding import IdentifierSink
from pacsd.net.storage import DataSetSink, DimseAnswer
from pacsd.ul.pdu import Buffer

NOT_ALLOWED = "Not allowed here for the calling AE"


class GuardedSink:
    """Takes the data set for another sink, which performs the operation when that is allowed.

    What its sender sees of the archive is asked then, too. None: of this nobody has to be asked.
    """

    def __init__(
        self,
        sink: DataSetSink,
        denial: Callable[[], Awaitable[Deny | None]] | None,
        sight: Callable[[], Awaitable[Sight | None]] | None = None,
    ) -> None:
        self._sink = sink
        self._denial = denial
        self._sight = sight

    @property
    def is_congested(self) -> bool:
        """As the other sink says."""
        return self._sink.is_congested

    def write(self, data: Buffer) -> None:
        """Hand on a fragment: nothing is done with it before the end."""
        self._sink.write(data)

    async def finish(self) -> DimseAnswer:
        """Perform it, or refuse it: 0124, not authorized (PS3.7 section C.5)."""
        if not await self._is_allowed():
            await self._sink.abort("it is not allowed")
            return DimseAnswer(Status.NOT_AUTHORIZED, NOT_ALLOWED)
        return await self._sink.finish()

    async def _is_allowed(self) -> bool:
        if self._denial is not None and await self._denial() is not None:
            return False
        if self._sight is None or not isinstance(self._sink, IdentifierSink):
            return True
        sight = await self._sight()
        if sight is not None:
            self._sink.sight = sight
        return sight is not None

    async def abort(self, reason: str) -> None:
        """Give it up."""
        await self._sink.abort(reason)

    def cancel(self) -> None:
        """Leave undone what can be."""
        self._sink.cancel()
