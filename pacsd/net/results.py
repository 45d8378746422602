"""What queries tell, as plugins change it: asked a page of matches at a time, at both doors."""

from collections.abc import Awaitable, Callable, Sequence

import anyio.lowlevel

from pacsd.api.access import SightRequest
from pacsd.api.query_results import QueryResults
from pacsd.archive.finding import Match
from pacsd.archive.shown_results import NotTold, pages_of
from pacsd.dicom.query import Query

Change = Callable[[QueryResults], Awaitable[QueryResults | None]]
"""A page as it is told, None where that cannot be said; never raises, but for cancellation."""


class Results:
    """What is told of matches. `change` gives who is asked now, None as long as nobody is."""

    def __init__(self, change: Callable[[], Change | None]) -> None:
        self._change = change

    @property
    def are_asked_for(self) -> bool:
        """Whether anybody has a say now."""
        return self._change() is not None

    async def told(
        self, looks: SightRequest, query: Query, matches: Sequence[Match]
    ) -> Sequence[Match]:
        """The matches of a query as they are told to somebody.

        Raises:
            NotTold: a plugin fails; the log names it.
        """
        change = self._change()
        if change is None:
            return matches
        told: list[Match] = []
        for page in pages_of(looks, query, matches):
            answer = await change(page.shown)
            if answer is None:
                raise NotTold("what was found cannot be told now: try again")
            told += page.told(answer)
            await anyio.lowlevel.checkpoint()  # a plugin that answers from memory does not wait
        return told
