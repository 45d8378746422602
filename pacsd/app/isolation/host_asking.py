"""The Host of a plugin that lives elsewhere: what it asks for goes where the daemon's Host is."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import BinaryIO, cast

from pacsd.api.audit import AuditNote
from pacsd.api.dispatch.asked_for import asked_for
from pacsd.api.host import HostError
from pacsd.api.instances import InstanceFacts
from pacsd.api.keys import Key, KeyMissing
from pacsd.api.plugin import Host

Ask = Callable[[str, tuple[object, ...]], Awaitable[object]]
"""Asks by method and arguments; raises HostError."""


class AskingValues:
    """The port `Values`."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def get(self, key: str, /) -> bytes | None:
        """The value under a key."""
        return cast("bytes | None", await self._ask("values.get", (key,)))

    async def put(self, key: str, value: bytes, /) -> None:
        """Keep a value."""
        await self._ask("values.put", (key, value))

    async def put_if_equal(self, key: str, value: bytes, expected: bytes | None, /) -> bool:
        """Keep a value if the one there now is the expected one."""
        return cast("bool", await self._ask("values.put_if_equal", (key, value, expected)))

    async def delete(self, key: str, /) -> bool:
        """Keep nothing under a key."""
        return cast("bool", await self._ask("values.delete", (key,)))

    async def keys(self, prefix: str = "", after: str = "", /) -> Sequence[str]:
        """Keys that begin so, in their order."""
        return cast("Sequence[str]", await self._ask("values.keys", (prefix, after)))


class AskingJobs:
    """The port `Jobs`."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def enqueue(
        self, name: str, payload: str = "", /, *, unique_key: str = "", after_s: float = 0.0
    ) -> int:
        """Add a job."""
        arguments = (name, payload, unique_key, float(after_s))
        return cast("int", await self._ask("jobs.enqueue", arguments))


class AskingInstances:
    """The port `Instances`."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def of_study(
        self, study_uid: str, series_uid: str = "", after: str = "", /
    ) -> Sequence[InstanceFacts]:
        """Instances of a study, by their UIDs."""
        answer = await self._ask("instances.of_study", (study_uid, series_uid, after))
        return cast("Sequence[InstanceFacts]", answer)

    async def header(self, sop_uid: str, /) -> bytes:
        """All attributes but bulk data."""
        return cast("bytes", await self._ask("instances.header", (sop_uid,)))

    async def read(self, sop_uid: str, offset: int, length: int, /) -> bytes:
        """Bytes of its file."""
        return cast("bytes", await self._ask("instances.read", (sop_uid, offset, length)))

    async def open(self, sop_uid: str, /) -> BinaryIO:
        """Its file."""
        return cast("BinaryIO", await self._ask("instances.open", (sop_uid,)))

    async def add(self, file: BinaryIO, /) -> str:
        """Take in a file."""
        return cast("str", await self._ask("instances.add", (file,)))


class AskingLabels:
    """The port `Labels`."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def set(self, study_uid: str, label: str, /) -> bool:
        """Put a label on a study."""
        return cast("bool", await self._ask("labels.set", (study_uid, label)))

    async def remove(self, study_uid: str, label: str, /) -> bool:
        """Take a label off a study."""
        return cast("bool", await self._ask("labels.remove", (study_uid, label)))

    async def of(self, study_uid: str, /) -> Sequence[str]:
        """The labels of a study."""
        return cast("Sequence[str]", await self._ask("labels.of", (study_uid,)))


class AskingAudit:
    """The port `Audit`."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def append(self, note: AuditNote, /) -> None:
        """Add a row."""
        await self._ask("audit.append", (note,))


class AskingKeys:
    """The port `Keys`; what it is asked for is told beside the name, wherever that was asked."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def get(self, name: str, /) -> Key:
        """The key of this name."""
        try:
            return cast("Key", await self._ask("keys.get", (name, asked_for())))
        except HostError as error:
            raise KeyMissing(str(error)) from error


def asking(host: Host, ask: Ask) -> Host:
    """A plugin's Host that asks elsewhere."""
    return replace(
        host,
        values=AskingValues(ask),
        jobs=AskingJobs(ask),
        instances=AskingInstances(ask),
        labels=AskingLabels(ask),
        audit=AskingAudit(ask),
        keys=AskingKeys(ask),
    )
