"""Held instances, with all that it takes to decide about them.

How an instance came stands in its file; whom it contradicts, in its study.
"""

from collections.abc import Sequence
from contextlib import aclosing

from pacsd.api.errors import StoreError
from pacsd.api.reception import Reception
from pacsd.api.store import BlobStore, ByteRange, Location
from pacsd.app.admin.quarantine_records import HeldSummary
from pacsd.archive.file_meta import decode_reception
from pacsd.dicom.errors import Part10Error
from pacsd.dicom.part10 import decode_file_meta
from pacsd.index.index import Index
from pacsd.index.records import HeldInstance, Scope, StoredInstance

MAX_FILES = 1_000
"""So many files are looked into for one list; how further ones came is not said."""

_FIRST_BYTES = 4_096
"""In these lies the File Meta Information of a file of ours."""


async def held_summaries(
    store: BlobStore, index: Index, scope: Scope, after: int, limit: int
) -> list[HeldSummary]:
    """The held instances with a higher number than `after`, by rising number.

    Raises:
        IndexFault: the index fails.
    """
    held = await index.instances.held(scope, after, limit)
    stored = {
        each.sop_instance_uid: each
        for each in await index.instances.among(scope, [one.sop_instance_uid for one in held])
    }
    # One that went meanwhile is left out.
    there = [
        (each, stored[each.sop_instance_uid]) for each in held if each.sop_instance_uid in stored
    ]
    patients = await index.instances.patients_of(scope, {each.study_instance_uid for each in held})
    receptions = await _receptions(store, [each for _, each in there])
    return [
        HeldSummary.of(each, instance, reception, patients.get(each.study_instance_uid))
        for (each, instance), reception in zip(there, receptions, strict=True)
    ]


async def is_held(index: Index, scope: Scope, number: int) -> bool:
    """Whether a held instance has this number.

    Raises:
        IndexFault: the index fails.
    """
    found: Sequence[HeldInstance] = await index.instances.held(scope, number - 1, 1)
    return bool(found) and found[0].id == number


async def _receptions(
    store: BlobStore, instances: Sequence[StoredInstance]
) -> list[Reception | None]:
    looked_into = [await _reception(store, each) for each in instances[:MAX_FILES]]
    return looked_into + [None] * (len(instances) - len(looked_into))


async def _reception(store: BlobStore, instance: StoredInstance) -> Reception | None:
    """How an instance came, None if no file of it says so."""
    for copy in instance.copies:
        try:
            meta, _ = decode_file_meta(await _beginning(store, copy.location))
            return decode_reception(meta)
        except (StoreError, Part10Error):
            continue
    return None


async def _beginning(store: BlobStore, location: Location) -> bytes:
    first = ByteRange(0, min(_FIRST_BYTES, location.size_bytes))
    async with aclosing(store.read(location, [first])) as pieces:
        return b"".join([piece async for piece in pieces])
