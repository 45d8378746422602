"""The instances of an open archive, as plugins may read them."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import BinaryIO

from anyio import to_thread

from pacsd.api.errors import StoreError
from pacsd.api.host import HostError
from pacsd.api.instances import (
    MAX_HEADER_BYTES,
    MAX_PAGE_INSTANCES,
    MAX_READ_BYTES,
    InstanceFacts,
)
from pacsd.api.store import BlobStore, ByteRange, opens_files
from pacsd.app.plugins.copy_place import CopyPlace, read_only
from pacsd.archive.deliverable import facts_of
from pacsd.archive.finding import FindError, QueryLimits
from pacsd.archive.metadata_maker import MetadataMaker
from pacsd.archive.retrievable import Retrievable, may_leave, retrievable
from pacsd.archive.retrieval import Retriever
from pacsd.archive.stores import part_of
from pacsd.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacsd.dicom.json_writer import with_base
from pacsd.dicom.part10 import FileMeta, encode_file_meta
from pacsd.index.errors import IndexFault
from pacsd.index.index import Index
from pacsd.index.records import Scope

BULK_BASE = "bulkdata/"

_ALL = Scope()
_NO_QUERIES = QueryLimits(0, 0.0)


class StoredInstances:
    """Reads from one index and the store beside it."""

    def __init__(self, store: BlobStore, index: Index, place: CopyPlace) -> None:
        self._store = store
        self._index = index
        self._place = place
        self._retriever = Retriever(store, index, _NO_QUERIES)
        self._maker = MetadataMaker(store, self._retriever)

    async def of_study(self, study: str, series: str, after: str) -> Sequence[InstanceFacts]:
        """A page of a study, or of one of its series."""
        with told():
            page = await self._index.of_study.page(_ALL, study, series, after, MAX_PAGE_INSTANCES)
        return tuple(facts_of(retrievable(each, None)) for each in page if may_leave(each))

    async def header(self, uid: str) -> bytes:
        """The attributes of an instance as JSON."""
        with told():
            [made] = await self._maker.made([await self._find(uid)])
        written = with_base(made.metadata, BULK_BASE)
        if len(written) > MAX_HEADER_BYTES:
            raise HostError(f"its header is {len(written)} bytes, more than {MAX_HEADER_BYTES}")
        return written

    async def read(self, uid: str, offset: int, length: int) -> bytes:
        """A part of its file."""
        check_range(offset, length)
        instance = await self._find(uid)
        why = "no copy"
        for copy in instance.copies:
            size = copy.location.size_bytes
            wanted = ByteRange(min(offset, size), min(length, max(0, size - offset)))
            try:
                async with aclosing(self._store.read(copy.location, [wanted])) as pieces:
                    return b"".join([piece async for piece in pieces])
            except StoreError as error:
                why = str(error.fault)
        raise HostError(f"SOP Instance UID {uid}: cannot be read: {why}")

    async def open(self, uid: str) -> BinaryIO:
        """Its file, or a copy of it that has no name."""
        instance = await self._find(uid)
        why = "no copy"
        for copy in instance.copies:
            try:
                store = part_of(self._store, copy.location)
                if opens_files(store):
                    return await store.open_file(copy.location)
                async with aclosing(store.read(copy.location)) as pieces:
                    return await self._copied(pieces, copy.location.size_bytes)
            except StoreError as error:
                why = str(error.fault)
        raise HostError(f"SOP Instance UID {uid}: cannot be read: {why}")

    async def as_it_leaves(self, uid: str) -> BinaryIO:
        """An instance as it leaves, with what was corrected of it, in a file without a name."""
        instance = await self._find(uid)
        preface = encode_file_meta(
            FileMeta(
                instance.sop_class_uid,
                uid,
                instance.transfer_syntax_uid,
                IMPLEMENTATION_CLASS_UID,
                IMPLEMENTATION_VERSION_NAME,
            )
        )
        size = len(preface) + instance.data_set_bytes
        async with aclosing(self._retriever.read(instance)) as pieces:
            return await self._copied(pieces, size, preface)

    async def new_file(self, size_bytes: int) -> BinaryIO:
        """An empty file without a name, into which so much is to be written."""
        with told():
            return await to_thread.run_sync(self._place.new_file, size_bytes)

    async def _copied(
        self, pieces: AsyncIterator[bytes], size_bytes: int, preface: bytes = b""
    ) -> BinaryIO:
        with told():
            file = await to_thread.run_sync(self._place.new_file, size_bytes)
            try:
                await to_thread.run_sync(file.write, preface)
                async for piece in pieces:
                    await to_thread.run_sync(file.write, piece)
                return await to_thread.run_sync(read_only, file)
            finally:
                file.close()

    async def _find(self, uid: str) -> Retrievable:
        with told():
            found = await self._retriever.find(uid)
        if found is None:
            raise HostError(f"SOP Instance UID {uid[:64]!a}: there is no such instance")
        return found


@contextmanager
def told() -> Iterator[None]:
    """Say what fails of index, store or disk as plugins are told."""
    try:
        yield
    except (FindError, IndexFault, OSError) as error:
        raise HostError(str(error)) from error


def check_range(offset: int, length: int) -> None:
    """See that these bytes may be asked for.

    Raises:
        HostError: they lie before the file, or are too many.
    """
    if offset < 0:
        raise HostError(f"offset: {offset} lies before the file")
    if not 0 <= length <= MAX_READ_BYTES:
        raise HostError(f"length: {length} is not between 0 and {MAX_READ_BYTES}")
