"""Responses to a peer's operations: the line they go over, and how an answer becomes one."""

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Protocol

from pacsd.dimse.commands import Request, Response, ResponseElements, response_to
from pacsd.dimse.session import Session
from pacsd.net.storage import DimseAnswer
from pacsd.ul.negotiation import PresentationContext
from pacsd.ul.pdu import Buffer

Work = Callable[[], Coroutine[object, object, None]]


class Line(Protocol):
    """What the operations need of the association they come over."""

    def now(self) -> float:
        """The loop's monotonic clock, in seconds."""

    def spawn(self, work: Work, name: str) -> None:
        """Run work that waits."""

    def respond(self, response: Response, data_set: bytes | None = None) -> bool:
        """Send a response, with its data set if it has one; False if the association is gone."""

    def flush(self) -> None:
        """Write what was sent."""

    def flush_soon(self) -> None:
        """Write it together with what is sent until the loop's next turn."""

    async def until_writable(self) -> None:
        """Wait until the peer takes what was written.

        Raises:
            AssociationError: it never will.
        """

    def is_congested(self, *, is_so: bool) -> None:
        """Data sets come faster than they can be written, or no longer do."""

    @property
    def session(self) -> Session:
        """The session of the association: sub-operations of a C-GET go over it as well."""

    async def perform(
        self,
        context: PresentationContext,
        request: Request,
        data_set: AsyncIterator[Buffer] | None = None,
    ) -> Response:
        """Invoke such a sub-operation; see `Invoker.perform`."""


def response_of(request: Request, answer: DimseAnswer) -> Response:
    """The response that says this answer."""
    elements: ResponseElements = {"has_data_set": answer.data_set is not None}
    if answer.comment:
        elements["error_comment"] = answer.comment
    if answer.offending:
        elements["offending_elements"] = answer.offending
    if answer.counts is not None:
        if answer.counts.remaining is not None:
            elements["number_of_remaining_suboperations"] = answer.counts.remaining
        elements["number_of_completed_suboperations"] = answer.counts.completed
        elements["number_of_failed_suboperations"] = answer.counts.failed
        elements["number_of_warning_suboperations"] = answer.counts.warning
    return response_to(request, answer.status, **elements)
