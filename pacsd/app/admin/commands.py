"""The commands of the admin socket, over the flight recorder and the listener."""

import os
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Protocol

from pacsd import __version__
from pacsd.app.admin.arguments import Arguments, whole_number
from pacsd.app.admin.records import AssociationDetail, AssociationSummary, DaemonStatus, Reloaded
from pacsd.app.admin.unix_socket import AdminError, Command
from pacsd.dicom.text import printable
from pacsd.net.endpoint import Endpoint
from pacsd.net.recorder import AssociationRecord, Recorder, Refusal

MAX_ASSOCIATIONS = 10_000
"""The most associations in one answer."""

Reload = Callable[[], Awaitable[Reloaded]]
"""Reads peers and plugins again; raises NotReloaded."""


WebAddress = Callable[[], Endpoint | None]
"""Where the web listener listens; None without one."""

Stores = Callable[[], Mapping[str, str]]
"""What is wrong with each store, by its name; '' if nothing is."""


class NotReloaded(Exception):
    """Something is wrong with what was read again: `problems` says what, a line each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def _nowhere() -> None:
    """There is no web listener."""


class Associations(Protocol):
    """What the commands need of the listener."""

    @property
    def addresses(self) -> tuple[Endpoint, ...]:
        """Where it listens."""

    def open_associations(self) -> int:
        """How many associations are open."""

    def abort(self, number: int, reason: str) -> bool:
        """Abort the association of that number; False if there is none."""


def admin_commands(
    recorder: Recorder,
    listener: Associations,
    *,
    reload: Reload,
    web: WebAddress = _nowhere,
    stores: Stores = dict,
) -> dict[str, Command]:
    """All commands by name; the daemon counts as started now."""
    started_at = time.time()

    def status(_: Arguments) -> DaemonStatus:
        return DaemonStatus(
            version=__version__,
            process=os.getpid(),
            started_at=started_at,
            dimse=tuple(str(address) for address in listener.addresses),
            open_associations=listener.open_associations(),
            http=str(web() or ""),
            stores=stores(),
        )

    def list_associations(arguments: Arguments) -> list[AssociationSummary]:
        """The open ones, the oldest first, then `ended` of the others, the last one first."""
        ended = whole_number(arguments, "ended", default=0)
        records = chain(recorder.open_associations(), islice(recorder.ended_associations(), ended))
        return [AssociationSummary.of(record) for record in islice(records, MAX_ASSOCIATIONS)]

    def show(arguments: Arguments) -> AssociationDetail:
        return AssociationDetail.of(_find(recorder, whole_number(arguments, "number")))

    def abort(arguments: Arguments) -> None:
        record = _find(recorder, whole_number(arguments, "number"))
        if not listener.abort(record.number, "aborted by the operator"):
            raise AdminError(f"association {record.number} is not open: {record.outcome}")

    def last_reject(arguments: Arguments) -> Refusal | None:
        title = arguments.get("aet")
        if title is not None and not isinstance(title, str):
            raise AdminError("aet must be text")
        return recorder.last_refusal(None if title is None else printable(title))

    async def reload_peers(_: Arguments) -> Reloaded:
        try:
            return await reload()
        except NotReloaded as error:
            raise AdminError("\n".join(("all stays as it was:", *error.problems))) from None

    return {
        "associations.abort": abort,
        "associations.list": list_associations,
        "associations.show": show,
        "explain.last_reject": last_reject,
        "reload": reload_peers,
        "status": status,
    }


def _find(recorder: Recorder, number: int) -> AssociationRecord:
    everything: Iterator[AssociationRecord] = chain(
        recorder.open_associations(), recorder.ended_associations()
    )
    for record in everything:
        if record.number == number:
            return record
    raise AdminError(f"association {number} is not known; the recorder keeps only the last ones")
