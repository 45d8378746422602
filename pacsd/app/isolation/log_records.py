"""Log lines of a plugin in a process of its own: what its logger tells, and how it is heard."""

import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import TypeAlias

from pacsd.api.plugin import Logger
from pacsd.app.isolation.errors import Misfit
from pacsd.app.isolation.line_rate import LineRate
from pacsd.app.isolation.values import form_of

Plain: TypeAlias = str | int | float | bool | None

METHOD = "log"
MAX_TEXT_LENGTH = 4_096
MAX_FIELDS = 32

# Fields that would take the place of what the daemon says of a line.
_OURS = {"event", "exc_info", "level", "logger", "stack_info", "timestamp"}


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One line; `lost` is how many before it were too many."""

    level: str
    event: str
    fields: Mapping[str, Plain]
    lost: int


_FORM = form_of(LogRecord)
_WHOLE_BITS = 64


class TellingLogger:
    """The Logger of a plugin in a process of its own."""

    def __init__(self, tell: Callable[[str, object], None], rate: LineRate) -> None:
        self._tell = tell
        self._rate = rate

    def debug(self, event: str, /, **fields: object) -> None:
        """Tell what helps to find an error."""
        self._line("debug", event, fields)

    def info(self, event: str, /, **fields: object) -> None:
        """Tell what happened."""
        self._line("info", event, fields)

    def warning(self, event: str, /, **fields: object) -> None:
        """Tell what somebody should look at."""
        self._line("warning", event, fields)

    def error(self, event: str, /, **fields: object) -> None:
        """Tell what failed."""
        self._line("error", event, fields)

    def exception(self, event: str, /, **fields: object) -> None:
        """Tell what failed, with the exception being handled."""
        _, error, _ = sys.exc_info()
        text = "".join(traceback.format_exception(error)) if error is not None else ""
        self._line("error", event, {**fields, "exception": text})

    def _line(self, level: str, event: str, fields: Mapping[str, object]) -> None:
        if not self._rate.admits():
            return
        kept = {name: _plain(fields[name]) for name in [*fields][:MAX_FIELDS]}
        record = LogRecord(level, _text(event), kept, self._rate.take_lost())
        self._tell(METHOD, _FORM.encode(record))


class LogListener:
    """Hears those lines and has them written by the plugin's own logger in the daemon.

    It does not trust the other end to keep the rate.
    """

    def __init__(self, logger: Logger, rate: LineRate) -> None:
        self._rate = rate
        self._logger = logger
        self._write: Mapping[str, Callable[..., object]] = {
            "debug": logger.debug,
            "info": logger.info,
            "warning": logger.warning,
            "error": logger.error,
        }

    def __call__(self, arguments: object) -> None:
        """Write one line.

        Raises:
            Misfit: it is none.
        """
        record = _FORM.decode(arguments)
        assert isinstance(record, LogRecord)  # noqa: S101 - its form makes nothing else
        write = self._write.get(record.level)
        if write is None:
            raise Misfit("another level", "one of a log line")
        self._rate.lose(record.lost)
        if not self._rate.admits():
            return
        lost = self._rate.take_lost()
        if lost:
            self._logger.warning("lines of a plugin were lost", lines=lost)
        write(record.event, **{_field(name): value for name, value in record.fields.items()})


def _field(name: str) -> str:
    return f"{name}_" if name in _OURS else name


def _plain(value: object) -> Plain:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and value.bit_length() < _WHOLE_BITS:
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    return _text(value)


def _text(value: object) -> str:
    text = str(value)[:MAX_TEXT_LENGTH]
    # A lone surrogate is no Unicode, and no frame carries it.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
