"""The traceback of what a plugin raised: its own frames, as a text that a line can hold."""

import traceback
from types import TracebackType

MAX_CHARACTERS = 4_096

_MOST_FRAMES = 40
_MOST_IN_GROUP = 5
_HEAD = 1_024
"""Of a text that is too long; what else is shown is its end, where it says what was raised."""
_LEFT_OUT = "\n  ...\n"

_AROUND = (
    *("pacsd.api.dispatch.", "pacsd.app.isolation.", "pacsd.app.plugins.runners."),
    *("asyncio.", "anyio."),
)
"""From where plugins are called: frames of these before the first of its own are left out."""


def own_traceback(raised: BaseException) -> str:
    """What was raised and where, at most `MAX_CHARACTERS`; '' if none of its frames is known."""
    own = _own(raised.__traceback__)
    if own is None:
        return ""
    try:
        text = _text(raised, own)
    except Exception as error:  # noqa: BLE001 - the plugin's own exception, which may be anything
        return f"(its traceback cannot be had: {type(error).__name__})"
    if len(text) <= MAX_CHARACTERS:
        return text
    return text[:_HEAD] + _LEFT_OUT + text[_HEAD + len(_LEFT_OUT) - MAX_CHARACTERS :]


def _own(frames: TracebackType | None) -> TracebackType | None:
    while frames is not None:
        module = str(frames.tb_frame.f_globals.get("__name__", ""))
        if not f"{module}.".startswith(_AROUND):
            return frames
        frames = frames.tb_next
    return None


def _text(raised: BaseException, own: TracebackType) -> str:
    told = traceback.TracebackException(
        type(raised),
        raised,
        own,
        limit=-_MOST_FRAMES,
        max_group_width=_MOST_IN_GROUP,
        max_group_depth=_MOST_IN_GROUP,
        compact=True,
    )
    # A lone surrogate is no Unicode, and neither a frame nor a line carries it.
    text = "".join(told.format()).rstrip()
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
