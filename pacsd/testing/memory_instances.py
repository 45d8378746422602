"""MemoryInstances: what a plugin reads and adds, in memory, for unit tests of plugins."""

import tempfile
from collections.abc import AsyncGenerator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from pacsd.api.host import HostError
from pacsd.api.instances import MAX_PAGE_INSTANCES, MAX_READ_BYTES, InstanceFacts
from pacsd.api.reception import DEFAULT_PARTITION, Reception
from pacsd.api.store import Location, StageRequest
from pacsd.archive.file_meta import encode_preface
from pacsd.archive.instance import InstanceRequest
from pacsd.archive.metadata_maker import MetadataMaker
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.stored_file import read_stored
from pacsd.dicom.errors import DicomError
from pacsd.dicom.json_writer import with_base
from pacsd.dicom.part10 import decode_file_meta
from pacsd.index.records import Copy, CopyState, NewInstance
from pacsd.testing.memory_store import MemoryStore


class MemoryInstances:
    """The port `Instances`. `refusal`, once set, is what the next `add` raises HostError with."""

    def __init__(self) -> None:
        self.refusal = ""
        self._store = MemoryStore()
        self._kept: dict[str, NewInstance] = {}

    async def of_study(
        self, study_uid: str, series_uid: str = "", after: str = "", /
    ) -> Sequence[InstanceFacts]:
        """Instances of a study, by their UIDs."""
        found = [
            _facts(each)
            for uid, each in sorted(self._kept.items())
            if each.study_instance_uid == study_uid
            and series_uid in {"", each.series_instance_uid}
            and uid > after
        ]
        return found[:MAX_PAGE_INSTANCES]

    async def header(self, sop_uid: str, /) -> bytes:
        """All attributes but bulk data."""
        retrievable = _retrievable(self._found(sop_uid))
        [made] = await MetadataMaker(self._store, _NothingCorrected()).made([retrievable])
        return with_base(made.metadata, "bulkdata/")

    async def read(self, sop_uid: str, offset: int, length: int, /) -> bytes:
        """Bytes of its file."""
        if offset < 0:
            raise HostError(f"offset: {offset} lies before the file")
        if not 0 <= length <= MAX_READ_BYTES:
            raise HostError(f"length: {length} is not between 0 and {MAX_READ_BYTES}")
        return self._content(sop_uid)[offset : offset + length]

    async def open(self, sop_uid: str, /) -> BinaryIO:
        """Its file."""
        return _as_file(self._content(sop_uid))

    async def add(self, file: BinaryIO, /) -> str:
        """Take in a file."""
        refusal, self.refusal = self.refusal, ""
        if refusal:
            raise HostError(refusal)
        file.seek(0)
        try:
            new = await self._stored(file.read())
        except DicomError as error:
            raise HostError(f"file: {error}") from error
        return self._kept.setdefault(new.sop_instance_uid, new).sop_instance_uid

    async def _stored(self, content: bytes) -> NewInstance:
        meta, offset = decode_file_meta(content)
        request = InstanceRequest(
            meta.media_storage_sop_class_uid,
            meta.media_storage_sop_instance_uid,
            meta.transfer_syntax_uid,
            Reception(DEFAULT_PARTITION, "", "", "", 0, "plugin:plugin_under_test"),
        )
        stage = StageRequest(DEFAULT_PARTITION, encode_preface(request), sha256())
        staged = await self._store.stage(stage)
        await staged.write([content[offset:]])
        [location] = await self._store.commit([staged])
        assert isinstance(location, Location)  # noqa: S101 - nothing told this store to fail
        return await read_stored(self._store, location)

    def _found(self, uid: str) -> NewInstance:
        if uid not in self._kept:
            raise HostError(f"SOP Instance UID {uid!a}: there is no such instance")
        return self._kept[uid]

    def _content(self, uid: str) -> bytes:
        return self._store.objects[self._found(uid).copy.key]


def _as_file(content: bytes) -> BinaryIO:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        return Path(f"/proc/self/fd/{file.fileno()}").open("rb")


class _NothingCorrected:
    """Is never asked: nothing here was corrected."""

    def read(self, instance: Retrievable) -> AsyncGenerator[bytes, None]:
        raise NotImplementedError(instance.sop_instance_uid)


def _facts(new: NewInstance) -> InstanceFacts:
    return InstanceFacts(
        new.sop_instance_uid,
        new.sop_class_uid,
        new.series_instance_uid,
        new.study_instance_uid,
        new.transfer_syntax_uid,
        new.copy.size_bytes,
    )


def _retrievable(new: NewInstance) -> Retrievable:
    copy = Copy(
        instance=1,
        location=new.copy.location,
        data_set_bytes=new.copy.data_set_bytes,
        sha256=new.copy.sha256,
        transfer_syntax_uid=new.transfer_syntax_uid,
        state=CopyState.OK,
        verified_at_us=0,
    )
    uids = new.sop_class_uid, new.sop_instance_uid, new.study_instance_uid
    return Retrievable(*uids, (copy,), series_instance_uid=new.series_instance_uid, number=1)
