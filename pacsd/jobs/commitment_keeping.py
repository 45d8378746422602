"""What a transaction of storage commitment asked for and what was found, kept until it is reported.

It is a job. A long list of instances does not fit into one: then its parts lie beside it, among
the values that plugins keep, under a name that no plugin can have. So do the results of parts,
with which an attempt goes on where the last one ended.
"""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import orjson

from pacsd.archive.commitments import CommitmentAsked
from pacsd.dicom.commitment import Reference
from pacsd.index.job_records import Job, JobClass, NewJob
from pacsd.index.plugin_values import PluginValues
from pacsd.index.records import Scope

COMMIT = "commit"
"""The kind of the jobs."""
QUEUE = "commitment:"
"""How the names of their queues begin; the AE title of the peer follows."""

MAX_ATTEMPTS = 60
"""With the longest wait in between, two days."""
PART = 250
"""Instances that are judged, and noted to be, together."""

_MAX_INLINE_CHARACTERS = 48 * 1024
_ALL = Scope()


@dataclass(frozen=True, slots=True)
class KeptRequest:
    """A transaction in its job; `parts` are how many there are of `references`.

    Without these they lie beside it, on `shelf`, under `taken`: a name that only this one has, even
    where the peer has used its Transaction UID twice.
    """

    peer_ae: str
    own_ae: str
    transaction_uid: str
    taken: str
    shelf: str
    parts: int
    references: tuple[Reference, ...] | None


def job_of(asked: CommitmentAsked, taken: str, queue: str) -> NewJob:
    """The job of a transaction. While it is open the same one adds no other.

    Raises:
        JobRefused: there can be no such job.
    """
    request = asked.request
    packed = b64encode(pack_references(request.references)).decode()
    facts = {
        "peer": asked.peer_ae,
        "own": asked.own_ae,
        "transaction": request.transaction_uid,
        "taken": taken,
        "shelf": queue,
        "parts": len(parts_of(request.references)),
        "references": packed if len(packed) <= _MAX_INLINE_CHARACTERS else "",
    }
    return NewJob(
        kind=COMMIT,
        queue=queue,
        payload=orjson.dumps(facts).decode(),
        priority=JobClass.MODALITY,
        unique_key=_unique_key(asked),
        max_attempts=MAX_ATTEMPTS,
        created_by="pacsd",
    )


def request_in(job: Job | NewJob) -> KeptRequest:
    """The transaction of a job.

    Raises:
        ValueError: it is not one that `job_of` made.
    """
    try:
        facts = orjson.loads(job.payload)
        peer, own, transaction, taken, shelf = (
            str(facts[name]) for name in ("peer", "own", "transaction", "taken", "shelf")
        )
        packed = facts["references"]
        references = unpack_references(b64decode(packed)) if packed else None
        parts = int(facts["parts"])
        return KeptRequest(peer, own, transaction, taken, shelf, parts, references)
    except (KeyError, TypeError, ValueError, zlib.error) as error:
        raise ValueError(f"payload: is no storage commitment: {error}") from error


def _unique_key(asked: CommitmentAsked) -> str:
    """Of bounded length, whatever the AE title and the UID are made of."""
    named = f"{asked.peer_ae}\\{asked.request.transaction_uid}"
    return sha256(named.encode()).hexdigest()


def parts_of(named: tuple[Reference, ...]) -> Sequence[tuple[Reference, ...]]:
    """Instances in parts that are judged together."""
    return [named[at : at + PART] for at in range(0, len(named), PART)]


def pack_references(references: Sequence[Reference]) -> bytes:
    """Instances as bytes: their UIDs have much in common."""
    return zlib.compress(orjson.dumps([[*each] for each in references]))


def unpack_references(packed: bytes) -> tuple[Reference, ...]:
    """The instances that `pack_references` packed."""
    return tuple(Reference(*each) for each in orjson.loads(zlib.decompress(packed)))


@dataclass(frozen=True, slots=True)
class PartResult:
    """What was found of a part at a time: for each instance 0 or a Failure Reason."""

    at_us: int
    reasons: tuple[int, ...]


class BesideJobs:
    """What lies beside jobs, on one shelf, by what `taken` is in them."""

    def __init__(self, values: PluginValues, shelf: str) -> None:
        self._values = values
        self._shelf = shelf

    async def put_parts(self, taken: str, named: tuple[Reference, ...]) -> None:
        """Keep the instances; durable once this returns.

        Raises:
            PluginValueRefused: there is no room.
        """
        for number, part in enumerate(parts_of(named)):
            await self._put(f"{taken}/part/{number}", pack_references(part))

    async def part(self, taken: str, number: int) -> tuple[Reference, ...] | None:
        """The instances of a part; None if they are not kept any more."""
        packed = await self._get(f"{taken}/part/{number}")
        return None if packed is None else unpack_references(packed)

    async def put_result(self, taken: str, number: int, result: PartResult) -> None:
        """Keep what was found of a part.

        Raises:
            PluginValueRefused: there is no room.
        """
        packed = zlib.compress(orjson.dumps([result.at_us, result.reasons]))
        await self._put(f"{taken}/result/{number}", packed)

    async def result(self, taken: str, number: int) -> PartResult | None:
        """What was found of a part, None if nothing is kept."""
        packed = await self._get(f"{taken}/result/{number}")
        if packed is None:
            return None
        at_us, reasons = orjson.loads(zlib.decompress(packed))
        return PartResult(at_us, tuple(reasons))

    async def put_reported(self, taken: str) -> None:
        """Keep that the peer has the result, and nothing else: its job may be run once more."""
        await self._put(f"{taken}/reported", b"")
        await self.forget_results(taken)
        await self._forget(f"{taken}/part/")

    async def is_reported(self, taken: str) -> bool:
        """Whether the peer has the result."""
        return await self._get(f"{taken}/reported") is not None

    async def forget_results(self, taken: str) -> None:
        """Have everything judged anew."""
        await self._forget(f"{taken}/result/")

    async def forget(self, taken: str) -> None:
        """Keep nothing of a transaction."""
        await self._forget(f"{taken}/")

    async def all(self) -> frozenset[str]:
        """Those of which anything is kept."""
        found: set[str] = set()
        after = ""
        while page := await self._values.keys(_ALL, self._shelf, after=after):
            found.update(each.partition("/")[0] for each in page)
            after = page[-1]
        return frozenset(found)

    async def _forget(self, prefix: str) -> None:
        while page := await self._values.keys(_ALL, self._shelf, prefix):
            for each in page:
                await self._values.delete(_ALL, self._shelf, each)

    async def _put(self, key: str, value: bytes) -> None:
        await self._values.put(_ALL, self._shelf, key, value)

    async def _get(self, key: str) -> bytes | None:
        return await self._values.get(_ALL, self._shelf, key)
