"""Whose bucket and whose spool it is, and the generation of the spool's keys.

The bucket has a marker with the identity of the archive; the data directory remembers it, and the
first object of the spool names it with the generation. What does not go together is refused. A
spool without any object is new: it gets the next generation, claimed in the bucket so that nobody
else gets it, and the state log that the bucket has.
"""

import json
import os
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread
from pacsd_s3_client.far import Far
from pacsd_s3_client.faults import FarError, FarFault

from pacsd.api.errors import StoreError
from pacsd.api.plugin import Logger
from pacsd.api.store import BlobStore, Buffer, ByteRange, StageRequest
from pacsd_store_s3.keys import MAX_GENERATION, Names
from pacsd_store_s3.ledger_file import FILE_MODE, sync_directory
from pacsd_store_s3.segments import Segments
from pacsd_store_s3.state_log import bring_back

FORMAT_VERSION = 1
MARK_BYTES = 128
ASK_S = 15.0
"""So long the far store is waited for at a start that can do without it."""

_MARK = re.compile(rb"pacsd spool of ([0-9a-f-]{36}) generation ([0-9a-f]{4})\n")
_MAX_MARKER_BYTES = 4096
_PARTITION = 1


class BelongingError(Exception):
    """Bucket, spool and data directory do not go together, or it cannot be told."""


@dataclass(frozen=True, slots=True)
class Belonging:
    """Whose it is. `is_new_spool`: nothing was stored in this spool before."""

    identity: str
    generation: int
    is_new_spool: bool
    has_others: bool
    """Whether generations came before, in spools that are gone."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What the first object of a spool says."""

    identity: str
    generation: int


class _NoDigest:
    """Nobody asks for a mark's."""

    def update(self, data: Buffer, /) -> None:
        """Nothing to do."""


class Owner:
    """Finds out whose it is, and marks what nobody has marked."""

    def __init__(
        self,
        spool: BlobStore,
        far: Far,
        names: Names,
        data_file: Path,
        logger: Logger,
        *,
        wanted: str = "",
        new_identity: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._spool = spool
        self._far = far
        self._names = names
        self._data_file = data_file
        self._logger = logger
        self._wanted = wanted
        self._new_identity = new_identity

    async def settle(self) -> Belonging:
        """Whose it is, known by all three afterwards.

        Raises:
            BelongingError: they do not go together, or the far store is needed and does not answer.
            StoreError: the spool fails.
            OSError: the data directory cannot be read or written.
        """
        known = await anyio.to_thread.run_sync(read_identity, self._data_file)
        mark = await find_mark(self._spool)
        _check_same(known, mark, self._data_file)
        here = known or (mark.identity if mark else "")
        try:
            identity = await self._settle_bucket(here)
        except FarError as error:
            if not (known and mark):
                text = f"the first start needs the far store: {error}"
                raise BelongingError(text) from error
            self._logger.warning("started without the far store", why=str(error))
            identity = known
        if not known:
            await anyio.to_thread.run_sync(write_identity, self._data_file, identity)
        if mark is not None:
            return Belonging(identity, mark.generation, is_new_spool=False, has_others=False)
        try:
            return await self._begin_spool(identity)
        except FarError as error:
            raise BelongingError(f"a new spool needs the far store: {error}") from error

    async def _settle_bucket(self, here: str) -> str:
        """The identity the bucket has now."""
        try:
            with anyio.fail_after(ASK_S):
                found = await self._bucket_identity()
        except TimeoutError:
            raise FarError(FarFault.DOWN, f"no answer within {ASK_S:g} s") from None
        if found:
            self._check_bucket(found, here)
            return found
        if here:
            text = f"the bucket has no {self._names.marker}, but held archive {here}"
            raise BelongingError(f"{text}: is it the right bucket and prefix?")
        if await self._far.names(self._names.objects):
            text = f"the bucket has objects but no {self._names.marker}"
            raise BelongingError(f"{text}: whose they are cannot be told")
        return await self._mark_bucket()

    async def _mark_bucket(self) -> str:
        identity = self._wanted or self._new_identity()
        marker = json.dumps({"format": FORMAT_VERSION, "store": identity})
        await self._far.put_new(self._names.marker, f"{marker}\n".encode())
        return identity

    async def _bucket_identity(self) -> str:
        try:
            data, _ = await self._far.get(self._names.marker, most_bytes=_MAX_MARKER_BYTES)
        except FarError as error:
            if error.fault is FarFault.MISSING:
                return ""
            raise
        return parse_identity(data, self._names.marker)

    def _check_bucket(self, found: str, here: str) -> None:
        if here and here != found:
            text = f"the bucket holds archive {found}, but {self._data_file} names {here}"
            raise BelongingError(text)
        if self._wanted and self._wanted != found:
            raise BelongingError(f"the bucket holds archive {found}, not {self._wanted}")
        if not here and not self._wanted:
            text = f"the bucket holds archive {found}, which is not known here: to take it over"
            raise BelongingError(f'{text}, once no other daemon uses it, set identity = "{found}"')

    async def _begin_spool(self, identity: str) -> Belonging:
        """Claim a generation, bring the state log back, and mark the spool: in this order."""
        generation = await self._claim(identity)
        brought = await bring_back(self._spool.state_log, Segments(self._far, self._names))
        if brought:
            self._logger.warning("the state log was brought back", records=brought)
        await put_mark(self._spool, Mark(identity, generation))
        return Belonging(identity, generation, is_new_spool=True, has_others=generation > 1)

    async def _claim(self, identity: str) -> int:
        """The generation after the highest; of several who claim one at once one gets it."""
        generation, name = 1, ""
        while page := await self._far.names(self._names.generations, name):
            name = page[-1].name
            generation = int(name.rpartition("/")[2], 16) + 1
        while generation <= MAX_GENERATION:
            try:
                await self._far.put_new(self._names.generation(generation), identity.encode())
            except FarError as error:
                if error.fault is not FarFault.EXISTS:
                    raise
                generation += 1
            else:
                return generation
        raise BelongingError(f"all {MAX_GENERATION} generations were used")


async def find_mark(spool: BlobStore) -> Mark | None:
    """What the first object of a spool says; None when there is no object.

    Raises:
        BelongingError: there are objects, and the first is no mark.
        StoreError: the spool fails.
    """
    page = await spool.list()
    if not page.locations:
        return None
    first = page.locations[0]
    data = b""
    if first.size_bytes == MARK_BYTES:
        pieces = spool.read(first, [ByteRange(0, MARK_BYTES)])
        data = b"".join([piece async for piece in pieces])
    match = _MARK.match(data)
    if match is None:
        raise BelongingError("the spool holds objects of somebody else: it has to be empty")
    return Mark(match[1].decode("ascii"), int(match[2], 16))


async def put_mark(spool: BlobStore, mark: Mark) -> None:
    """Make a mark the first object of a spool; raises StoreError."""
    text = f"pacsd spool of {mark.identity} generation {mark.generation:04x}\n"
    preface = text.encode("ascii").ljust(MARK_BYTES, b"\0")
    staged = await spool.stage(StageRequest(_PARTITION, preface, _NoDigest()))
    [result] = await spool.commit([staged])
    if isinstance(result, StoreError):
        raise result


def parse_identity(data: bytes, where: object) -> str:
    """The archive a marker names; raises BelongingError."""
    try:
        marker = json.loads(data)
        version, identity = int(marker["format"]), str(uuid.UUID(marker["store"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BelongingError(f"{where}: not a store's marker") from None
    if version != FORMAT_VERSION:
        text = f"{where}: format {version}, but this version knows {FORMAT_VERSION} only"
        raise BelongingError(text)
    return identity


def read_identity(path: Path) -> str:
    """The archive the data directory remembers, '' when it remembers none. Blocks.

    Raises:
        BelongingError: it cannot be understood.
        OSError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_MARKER_BYTES)
    except FileNotFoundError:
        return ""
    return parse_identity(data, path)


def write_identity(path: Path, identity: str) -> None:
    """Remember an archive, durably. Blocks; raises OSError."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(fresh, flags, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(json.dumps({"format": FORMAT_VERSION, "store": identity}).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    sync_directory(path.parent)


def _check_same(known: str, mark: Mark | None, data_file: Path) -> None:
    if known and mark and known != mark.identity:
        text = f"the spool is of archive {mark.identity}, but {data_file} names {known}"
        raise BelongingError(text)
