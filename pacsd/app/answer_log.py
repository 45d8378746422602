"""Which plugin said no, in the log: peers and clients are told less, or nothing."""

import time
from collections.abc import Callable

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
MAX_WHY_CHARS = 256


class AnswerLog:
    """Is told of the answers to all hooks."""

    def __init__(self, logger: Logger, now_s: Callable[[], float] = time.monotonic) -> None:
        self._logger = logger
        self._now_s = now_s
        self._repeats = Repeats(LINE_INTERVAL_S)

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
        unwritten = self._repeats.admit(f"{plugin} {hook} {kind} {why}", self._now_s())
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
