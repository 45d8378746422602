"""Log lines on standard error: one event, one line, whatever a peer put into a value."""

import json
import logging
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TextIO

import orjson
import structlog
from structlog.processors import format_exc_info
from structlog.typing import EventDict, Processor, WrappedLogger

from pacsd.app.conf.settings import LogSettings

TRACE_LOGGER = "pacsd.trace"
REDACTED = "***"
MAX_UNWRITTEN_LINES = 10_000
MAX_UNWRITTEN_BYTES = 8 * 1024**2
GATHER_S = 0.02
"""How long lines are gathered before they are written: waking a thread for each costs more."""

FLUSH_TIMEOUT_S = 1.0
"""How long the end of the daemon waits for the reader of its log."""

_SECRET_KEYS = frozenset(("authorization", "cookie", "passcode", "password", "secret", "token"))
_ORJSON = orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS

_PLAIN, _BOLD, _RED = "\x1b[0m", "\x1b[1m", "\x1b[31m"
_COLOURS = {"debug": "\x1b[2m", "info": "\x1b[32m", "warning": "\x1b[33m"}

Render = Callable[[EventDict], str]


class Output:
    """A text stream that several threads write whole lines to, none of them waiting for its reader.

    Lines for a file descriptor are queued and written by a thread of their own; a stream without
    one lies in memory and is written at once. A line that finds the queue full or cannot be written
    is lost, never an error of whoever wrote it: the daemon outlives the reader of its log. The next
    line that gets through says how many were lost.
    """

    def __init__(self, stream: TextIO, render: Render) -> None:
        self.lost_lines = 0
        self._stream = stream
        self._render = render
        self._lines: deque[bytes] = deque()
        self._unwritten_lines = self._unwritten_bytes = 0
        self._is_flushing = False
        self._changed = threading.Condition()
        self._descriptor = _descriptor(stream)
        self._has_writer = self._descriptor is not None and self._start_writer()

    def write(self, event: EventDict) -> None:
        """Write one event."""
        line = self._encoded(event)
        with self._changed:
            if not self._has_writer:
                self._deliver([line])
            elif (
                self._unwritten_lines >= MAX_UNWRITTEN_LINES
                or self._unwritten_bytes + len(line) > MAX_UNWRITTEN_BYTES
            ):
                self.lost_lines += 1
            else:
                self._lines.append(line)
                self._unwritten_lines += 1
                self._unwritten_bytes += len(line)
                if len(self._lines) == 1:
                    self._changed.notify_all()

    def flush(self, timeout_s: float) -> None:
        """Wait until every line is written, but not for ever. Blocks."""
        with self._changed:
            self._is_flushing = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._unwritten_lines, timeout_s)
            self._is_flushing = False

    def _start_writer(self) -> bool:
        try:
            threading.Thread(target=self._write_lines, name="log writer", daemon=True).start()
        except RuntimeError:  # no more threads: then lines are written where they arise
            return False
        return True

    def _write_lines(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines)
                self._changed.wait_for(lambda: self._is_flushing, GATHER_S)
                lines = [*self._lines]
                self._lines.clear()
            self._deliver(lines)
            with self._changed:
                self._unwritten_lines -= len(lines)
                self._unwritten_bytes -= sum(map(len, lines))
                self._changed.notify_all()

    def _deliver(self, lines: list[bytes]) -> None:
        """Write lines; if they get through, how many before them did not."""
        is_written = self._write_line(b"".join(lines))
        with self._changed:
            lost, self.lost_lines = self.lost_lines + (0 if is_written else len(lines)), 0
        event: EventDict = {"event": "log lines were lost", "lines": lost}
        told = is_written and lost
        if told and self._write_line(self._encoded(_stamped("pacsd", "warning", event))):
            return
        with self._changed:
            self.lost_lines += lost

    def _write_line(self, line: bytes) -> bool:
        try:
            if self._descriptor is None:
                self._stream.write(line.decode())
                self._stream.flush()
            else:
                _write_all(self._descriptor, line)
        except (OSError, ValueError):  # broken pipe, full disk; closed stream
            return False
        return True

    def _encoded(self, event: EventDict) -> bytes:
        return f"{self._render(event)}\n".encode("utf-8", "backslashreplace")


def _descriptor(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError):
        return None


def _write_all(descriptor: int, line: bytes) -> None:
    """Past the stream: no lock of it is held when the process ends while its reader sleeps."""
    rest = memoryview(line)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:  # whoever shares the pipe has made it non-blocking
            waiting = select.poll()
            waiting.register(descriptor, select.POLLOUT)
            waiting.poll()


class NamedLogger:
    """What structlog finally calls: it knows its name and hands events on."""

    __slots__ = ("_output", "name")

    def __init__(self, output: Output, name: str) -> None:
        self.name = name
        self._output = output

    def msg(self, /, **event: object) -> None:
        """Write one event, whatever its level."""
        self._output.write(event)

    debug = info = warning = error = critical = msg


class StandardHandler(logging.Handler):
    """Leads the lines of libraries that use `logging` the same way."""

    def __init__(self, output: Output) -> None:
        super().__init__()
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            text = record.getMessage()
        except (TypeError, ValueError):  # arguments that do not fit: the text still says something
            text = str(record.msg)
        event: EventDict = {"event": text, "exc_info": record.exc_info}
        level = record.levelname.lower()
        self._output.write(_shaped(format_exc_info(None, level, event), record.name, level))

    def flush(self) -> None:
        """Wait a moment for the lines still to be written; `logging` does so when Python ends."""
        self._output.flush(FLUSH_TIMEOUT_S)


_TALKATIVE = ("alembic",)
"""Libraries whose info lines tell an operator nothing."""


def flush() -> None:
    """Wait a moment for the lines still to be written, so that others come after them. Blocks."""
    for handler in logging.getLogger().handlers:
        handler.flush()


def configure(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Say where log lines go and what they look like; `stream` is standard error by default.

    Once in a process, before the first line: a logger keeps what it found at its first line.
    """
    stream = sys.stderr if stream is None else stream
    output = Output(stream, _renderer(settings, stream))
    level: int = getattr(logging, settings.level.upper())
    processors: list[Processor] = [format_exc_info, _finish]
    lowest = level
    if settings.trace and level > logging.INFO:
        # Trace lines are of level info, and whoever switched them on wants to see them.
        lowest = logging.INFO
        processors.insert(0, _only_trace_below(level))
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(lowest),
        logger_factory=lambda name="pacsd": NamedLogger(output, name),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[StandardHandler(output)], level=level, force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def _only_trace_below(level: int) -> Processor:
    def drop(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        if logger.name != TRACE_LOGGER and getattr(logging, method.upper()) < level:
            raise structlog.DropEvent
        return event

    return drop


def _finish(
    logger: WrappedLogger, method: str, event: EventDict
) -> tuple[tuple[()], dict[str, object]]:
    """The last step: structlog passes what it returns to the logger's method."""
    return (), dict(_shaped(event, logger.name, method))


def _shaped(event: EventDict, name: str, level: str) -> EventDict:
    event = _stamped(name, level, event)
    if not _SECRET_KEYS.isdisjoint(event):
        event = {key: REDACTED if key in _SECRET_KEYS else event[key] for key in event}
    return event


def _stamped(name: str, level: str, event: EventDict) -> EventDict:
    """Put time (UTC), level and logger in front; no value of the event goes in their place."""
    time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    head = {"timestamp": time, "level": level, "logger": name, "event": event.get("event")}
    return {**head, **event, **head}


def _renderer(settings: LogSettings, stream: TextIO) -> Render:
    is_terminal = stream.isatty()
    if settings.format == "json" or (settings.format == "auto" and not is_terminal):
        return render_json
    return _console(has_colours=is_terminal and not os.environ.get("NO_COLOR"))


def render_json(event: EventDict) -> str:
    """Write an event as JSON on one line; nothing in it moves a terminal's cursor or direction."""
    try:
        text = orjson.dumps(event, default=str, option=_ORJSON).decode()
    except TypeError:  # a number or text that orjson takes for none: it goes as text
        plain = {
            key: value if isinstance(value, str | int) else str(value)
            for key, value in event.items()
        }
        text = json.dumps(plain)
    if text.isprintable():
        return text
    # What is not printable stands inside strings: orjson writes no white space of its own.
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)


def _console(*, has_colours: bool) -> Render:
    def render(event: EventDict) -> str:
        rest = dict(event)
        time, level, name = rest.pop("timestamp"), rest.pop("level"), rest.pop("logger")
        text, exception = _escaped(str(rest.pop("event"))), rest.pop("exception", None)
        shown_level = f"{level:<7}"
        if has_colours:
            shown_level = f"{_COLOURS.get(level, _RED)}{shown_level}{_PLAIN}"
            text = f"{_BOLD}{text}{_PLAIN}"
        pairs = (f"{key}={_value(value)}" for key, value in rest.items())
        line = " ".join((time, shown_level, f"{name}:", text, *pairs))
        # Indented, no line of a traceback can be taken for an event.
        inside = str(exception).splitlines() if exception else ()
        return "\n".join((line, *(f"    {_escaped(each)}" for each in inside)))

    return render


def _value(value: object) -> str:
    """Write a value so that it cannot be taken for two: in quotes, unless it is one word."""
    parts = value if isinstance(value, list | tuple) else (value,)
    text = _escaped(",".join(map(str, parts)))
    if text and not any(each in text for each in ' ="'):
        return text
    return '"' + text.replace('"', r"\x22") + '"'


def _escaped(text: str) -> str:
    """Control, bidirectional and other unprintable characters become Python escapes."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii")
        for each in text
    )
