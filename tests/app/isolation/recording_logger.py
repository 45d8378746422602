"""A logger that keeps its lines, and lets a test wait for one, whichever thread writes it."""

import asyncio
import sys
from dataclasses import dataclass

import anyio


@dataclass(frozen=True)
class Line:
    level: str
    event: str
    fields: dict[str, object]


class RecordingLogger:
    """Made on the event loop of the test."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._loop = asyncio.get_running_loop()
        self._news = anyio.Event()

    def debug(self, event: str, /, **fields: object) -> None:
        self._keep("debug", event, fields)

    def info(self, event: str, /, **fields: object) -> None:
        self._keep("info", event, fields)

    def warning(self, event: str, /, **fields: object) -> None:
        self._keep("warning", event, fields)

    def error(self, event: str, /, **fields: object) -> None:
        self._keep("error", event, fields)

    def exception(self, event: str, /, **fields: object) -> None:
        self._keep("error", event, {**fields, "exception": repr(sys.exc_info()[1])})

    def of(self, event: str) -> list[Line]:
        """Its lines so far."""
        return [line for line in self.lines if line.event == event]

    async def has_told(self, event: str) -> Line:
        """Wait for the first line of an event."""
        while not self.of(event):
            await self._news.wait()
        return self.of(event)[0]

    def _keep(self, level: str, event: str, fields: dict[str, object]) -> None:
        self.lines.append(Line(level, event, fields))
        self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        self._news.set()
        self._news = anyio.Event()
