"""Which plugin said no, in the log: peers and clients are told less, or nothing."""

import time
from collections.abc import Callable

import anyio

from pacsd.api.acceptance import Refusal
from pacsd.api.access import NotRecognized, Restriction
from pacsd.api.dispatch.answer_kinds import kind_of
from pacsd.api.plugin import Logger
from pacsd.api.receiving import NotAccepted
from pacsd.api.vote import Deny
from pacsd.app.repeats import Repeats
from pacsd.dicom.text import printable

LINE_INTERVAL_S = 60.0
"""Between two lines that say the same."""
LOOK_S = 5.0
"""How soon the rest of what was said is told once it is said no more."""
MAX_WHY_CHARS = 256


class AnswerLog:
    """Is told of the answers to all hooks.

    However many reasons a plugin has at one of its hooks, the others' are told.
    """

    def __init__(self, logger: Logger, now_s: Callable[[], float] = time.monotonic) -> None:
        self._logger = logger
        self._now_s = now_s
        self._repeats: dict[tuple[str, str], Repeats] = {}

    async def run(self) -> None:
        """Tell the rest of what is said no more, until cancelled; then all that was not told."""
        try:
            while True:
                await anyio.sleep(LOOK_S)
                self.tell_rest(self._now_s())
        finally:
            self.tell_rest()

    def tell_rest(self, now_s: float | None = None) -> None:
        """Tell what was counted and not said again for long; all of it, if None."""
        for (plugin, hook), repeats in self._repeats.items():
            for what, unwritten in repeats.take_rest(now_s).items():
                self._logger.info(
                    "a plugin said no again: the rest was not logged one by one",
                    plugin=plugin,
                    hook=hook,
                    what=what,
                    unwritten=unwritten,
                )

    def __call__(self, plugin: str, hook: str, answer: object) -> None:
        """Write a line if it is a no; one that is said again and again is counted."""
        if isinstance(answer, Restriction):
            attributes = ",".join(answer.conditions)
            self._logger.debug("a plugin shows a part only", plugin=plugin, attributes=attributes)
            return
        why = _why(answer)
        if why is None:
            return
        kind = kind_of(answer)
        repeats = self._repeats.setdefault((plugin, hook), Repeats(LINE_INTERVAL_S))
        unwritten = repeats.admit(f"{kind}: {why}", self._now_s())
        if unwritten is not None:
            self._logger.info(
                "a plugin said no",
                plugin=plugin,
                hook=hook,
                answer=kind,
                why=why,
                unwritten=unwritten,
            )


def _why(answer: object) -> str | None:
    """The reason that a no has; None of any other answer."""
    match answer:
        case Deny(reason):
            why = reason
        case NotAccepted(_, comment):
            why = comment
        case Refusal(_, _, _, explanation) | NotRecognized(explanation):
            why = explanation
        case _:
            return None
    return printable(why, MAX_WHY_CHARS)
