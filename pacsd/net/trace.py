"""Tracing what goes over associations, in three separate levels, each switched on by itself.

`transcript` names PDUs and commands and has no patient values; `values` adds the elements of
command sets; `payload` adds the bytes both ways, data sets included, and so patient values. What
comes before an association is established is never shown: there may be a secret in it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields

import structlog

from pacsd.dimse.commands import Command
from pacsd.dimse.events import (
    CancelReceived,
    DataSetFragment,
    Event,
    RequestReceived,
    ResponseReceived,
)
from pacsd.ul.pdu import HEADER_LENGTH, Buffer, PDUType

MAX_PAYLOAD_BYTES = 4_096
"""Of one read; a trace that fills the disk helps nobody."""


class Trace:
    """Writes trace lines; made only when a level is on, so that nothing is paid otherwise."""

    def __init__(self, levels: frozenset[str]) -> None:
        self._log = structlog.get_logger("pacsd.trace")
        self._with_values = "values" in levels
        self._with_payload = "payload" in levels
        self._with_transcript = bool(levels & {"transcript", "values"})

    def event(self, assoc: int, event: Event) -> None:
        """An event came out of a session."""
        if not self._with_transcript:
            return
        command = _command(event)
        if command is not None:
            self.command(assoc, ">>", command)
        elif isinstance(event, DataSetFragment):
            self._log.info(">> data set", assoc=assoc, bytes=len(event.data), is_last=event.is_last)
        elif isinstance(event, CancelReceived):
            self._log.info(">> C-CANCEL-RQ", assoc=assoc, message_id=event.message_id)
        else:
            self._log.info(f">> {type(event).__name__}", assoc=assoc)

    def command(self, assoc: int, direction: str, command: Command) -> None:
        """A command set, received (>>) or sent (<<)."""
        if not self._with_transcript:
            return
        values = _values(command) if self._with_values else {}
        self._log.info(f"{direction} {command.message_name}", assoc=assoc, **values)

    def received(self, assoc: int, data: Buffer, *, is_shown: bool = True) -> None:
        """Bytes as they came; how many, where they must not be shown."""
        if self._with_payload and not is_shown:
            self._log.info(">> bytes", assoc=assoc, bytes=len(data))
        elif self._with_payload:
            shown = bytes(data[:MAX_PAYLOAD_BYTES]).hex()
            self._log.info(">> bytes", assoc=assoc, bytes=len(data), hex=shown)

    def sent(self, assoc: int, out: Sequence[Buffer]) -> None:
        """Whole PDUs as they go out, in one buffer or several; those of P-DATA show as commands."""
        if self._with_payload:
            length = sum(map(len, out))
            shown = b"".join(out)[:MAX_PAYLOAD_BYTES].hex()
            self._log.info("<< bytes", assoc=assoc, bytes=length, hex=shown)
        if self._with_transcript:
            for pdu_type in _pdu_types(out):
                if pdu_type != PDUType.P_DATA_TF:
                    self._log.info(f"<< {PDUType(pdu_type).name}", assoc=assoc)


def _command(event: Event) -> Command | None:
    if isinstance(event, RequestReceived):
        return event.request
    if isinstance(event, ResponseReceived):
        return event.response
    return None


def _pdu_types(out: Sequence[Buffer]) -> Iterator[int]:
    """The types of the PDUs that these buffers are."""
    left = 0
    for buffer in out:
        if not left:
            yield buffer[0]
            left = HEADER_LENGTH + int.from_bytes(buffer[2:HEADER_LENGTH], "big")
        left -= len(buffer)


def _values(command: Command) -> dict[str, object]:
    values = ((item.name, getattr(command, item.name)) for item in fields(command))
    return {name: value for name, value in values if value not in ("", None, ())}
