"""Headers of instances: from the header database, or from the files it lacks."""

from collections.abc import Sequence

from pacsd.api.errors import StoreError
from pacsd.api.store import BlobStore
from pacsd.archive.identity import Unacceptable
from pacsd.archive.stored_file import read_stored
from pacsd.dicom.data_set import DataSet, read_data_set
from pacsd.dicom.errors import DicomError
from pacsd.dicom.stored_header import decode_header, header_syntax
from pacsd.index.index import Index
from pacsd.index.records import Scope


class StoredHeaders:
    """Reads headers of a store's instances. What is longer than 1 KiB is not in them."""

    def __init__(self, store: BlobStore, index: Index) -> None:
        self._store = store
        self._index = index

    async def read(self, scope: Scope, instances: Sequence[int]) -> dict[int, bytes]:
        """The headers by number of the instance, as they are kept; those that are lost are not."""
        found = dict(await self._index.headers(instances))
        for number in instances:
            if number not in found:
                header = await self._from_file(scope, number)
                if header is not None:
                    found[number] = header
        return found

    async def _from_file(self, scope: Scope, number: int) -> bytes | None:
        instance = await self._index.instances.of_number(scope, number)
        for copy in instance.copies if instance is not None else ():
            try:
                return (await read_stored(self._store, copy.location)).header
            except (DicomError, StoreError, Unacceptable):
                continue
        return None


def parsed_header(header: bytes) -> DataSet | None:
    """A header as data set, None if nobody can read it; takes a millisecond."""
    try:
        stored = decode_header(header)
        return read_data_set(stored.raw, header_syntax(stored.layout))
    except DicomError:
        return None
