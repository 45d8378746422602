"""Sinks that keep what they are given, and a port to them."""

from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
from anyio.abc import TaskGroup

from pacsd.dimse.commands import CStoreRQ
from pacsd.net.responses import Work
from pacsd.net.storage import DimseAnswer
from pacsd.net.sub_operations import StorePort
from pacsd.ul.negotiation import PresentationContext
from pacsd.ul.pdu import Buffer


@dataclass(slots=True)
class Received:
    """What came, and how it is answered: not before `gate` is open, if there is one."""

    answer: DimseAnswer = DimseAnswer(0)  # noqa: RUF009 - it is frozen
    gate: anyio.Event | None = None
    error: Exception | None = None
    is_congested: bool = False
    objects: dict[str, bytes] = field(default_factory=dict)
    syntaxes: dict[str, str] = field(default_factory=dict)
    aborted: list[str] = field(default_factory=list)
    drained: Callable[[], None] = lambda: None

    def begin(
        self, context: PresentationContext, request: CStoreRQ, on_drained: Callable[[], None]
    ) -> "KeepingSink":
        self.drained = on_drained
        self.syntaxes[request.affected_sop_instance_uid] = context.transfer_syntax
        return KeepingSink(self, request.affected_sop_instance_uid)

    def port(self, tasks: TaskGroup) -> StorePort:
        def spawn(work: Work, name: str) -> None:
            tasks.start_soon(work, name=name)

        return StorePort(self.begin, spawn)


class KeepingSink:
    """Keeps one data set."""

    def __init__(self, received: Received, uid: str) -> None:
        self._received = received
        self._uid = uid
        self._data_set = bytearray()

    @property
    def is_congested(self) -> bool:
        return self._received.is_congested

    def write(self, data: Buffer) -> None:
        self._data_set += data

    async def finish(self) -> DimseAnswer:
        if self._received.gate is not None:
            await self._received.gate.wait()
        if self._received.error is not None:
            raise self._received.error
        self._received.objects[self._uid] = bytes(self._data_set)
        return self._received.answer

    async def abort(self, reason: str) -> None:
        self._received.aborted.append(reason)

    def cancel(self) -> None:
        """It is kept all the same."""
