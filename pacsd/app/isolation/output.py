"""What a plugin's process prints: led to its logger, line by line."""

import asyncio

import anyio

from pacsd.api.plugin import Logger
from pacsd.app.isolation.line_rate import LineRate

MAX_LINE_BYTES = 4_096


class Output(asyncio.Protocol):
    """The reading end of the pipe that is its standard output and standard error.

    Reading never stops, so that it never waits for us; what is beyond a line's length or the rate
    of lines is not kept. `ended` is set when everything was read.
    """

    def __init__(self, logger: Logger, rate: LineRate) -> None:
        self._logger = logger
        self._rate = rate
        self._unfinished = b""
        self.ended = anyio.Event()

    def data_received(self, data: bytes) -> None:
        """Log the lines that are whole now."""
        *lines, rest = data.split(b"\n")
        for number, line in enumerate(lines):
            self._log(self._unfinished + line if number == 0 else line)
        if lines:
            self._unfinished = b""
        self._unfinished = (self._unfinished + rest)[:MAX_LINE_BYTES]

    def connection_lost(self, _error: Exception | None) -> None:
        """Log what is left of it; nobody holds the other end any more."""
        if self._unfinished:
            self._log(self._unfinished)
        self._tell_lost()
        self.ended.set()

    def _log(self, line: bytes) -> None:
        if self._rate.admits():
            self._tell_lost()
            text = line[:MAX_LINE_BYTES].decode("utf-8", "backslashreplace").rstrip()
            self._logger.info("plugin printed", line=text)

    def _tell_lost(self) -> None:
        lost = self._rate.take_lost()
        if lost:
            self._logger.warning("lines of a plugin were lost", lines=lost)
