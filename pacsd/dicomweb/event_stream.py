"""Server-sent events, as they are written (WHATWG HTML, section 9.2.5).

A stream is UTF-8; an event is some lines and an empty one. An ID without data is no event to a
reader, but is kept by it as where it goes on (section 9.2.6).
"""

import re

EVENT_STREAM = "text/event-stream"

COMMENT = b":\n\n"
"""Tells nothing but that the connection lives."""

_ENDS_A_LINE = re.compile(r"[\r\n]")


def retry(milliseconds: int) -> bytes:
    """How long a reader whose connection ends lets pass before it comes back."""
    return f"retry: {milliseconds}\n\n".encode()


def position(event_id: str) -> bytes:
    """Where a reader goes on that has seen no event yet.

    Raises:
        ValueError: the ID is of more than one line, or has a NUL, which readers ignore.
    """
    return f"id: {_line('id', event_id)}\n\n".encode()


def event(event_id: str, name: str, data: bytes) -> bytes:
    """An event; `data` is one line of UTF-8.

    Raises:
        ValueError: some of it is of more than one line.
    """
    if b"\n" in data or b"\r" in data:
        raise ValueError("server-sent event: its data is of more than one line")
    head = f"id: {_line('id', event_id)}\nevent: {_line('event', name)}\ndata: "
    return head.encode() + data + b"\n\n"


def _line(field: str, text: str) -> str:
    if _ENDS_A_LINE.search(text) or "\0" in text:
        raise ValueError(f"server-sent event: {field} {text!r} is not of one line without NUL")
    return text
