"""Copies made by the coercions of plugins: files without names, looked at before they leave.

One that is another instance than its original leaves with a mark more (`hop_guard`).
"""

import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import BinaryIO, Protocol

from anyio import CancelScope, to_thread

from pacsd.api.coercion import Coercion, NotCoerced
from pacsd.api.dispatch.provider import Provider
from pacsd.api.instances import InstanceFacts
from pacsd.app.plugins.copy_place import read_only
from pacsd.app.plugins.file_beginning import FileBeginning, read_beginning
from pacsd.app.plugins.hop_guard import HopGuard
from pacsd.app.plugins.marked_copy import marks_of, write_marked
from pacsd.dicom.errors import DicomError
from pacsd.dicom.part10 import FileMeta
from pacsd.dicom.scan import scan
from pacsd.dicom.tag import Tag, format_tag
from pacsd.dicom.uid import decode_uid, is_valid_uid
from pacsd.net.data_sets import CHUNK_BYTES

_SOP_CLASS_UID: Tag = 0x00080016
_SOP_INSTANCE_UID: Tag = 0x00080018
_STUDY_INSTANCE_UID: Tag = 0x0020000D
_SERIES_INSTANCE_UID: Tag = 0x0020000E
_UIDS = frozenset({_SOP_CLASS_UID, _SOP_INSTANCE_UID, _STUDY_INSTANCE_UID, _SERIES_INSTANCE_UID})


class Leaving(Protocol):
    """Who has the objects, and room for copies; see `StoredInstances`."""

    async def as_it_leaves(self, uid: str) -> BinaryIO:
        """An instance as it leaves, with what was corrected, in a file of its own."""

    async def new_file(self, size_bytes: int) -> BinaryIO:
        """An empty file."""


class CoercionGone(Exception):
    """The plugin of a coercion was exchanged while it worked."""


@dataclass(frozen=True, slots=True)
class CoercedCopy:
    """A copy: what it is, its file, and where in that its data set begins."""

    facts: InstanceFacts
    file: BinaryIO
    offset: int

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Its data set, in bounded pieces.

        Raises:
            OSError: it cannot be read, or has become shorter.
        """
        at = self.offset
        while at < self.facts.size_bytes:
            piece = await to_thread.run_sync(os.pread, self.file.fileno(), CHUNK_BYTES, at)
            if not piece:
                raise OSError("a coerced copy has become shorter")
            at += len(piece)
            yield piece


class CopyMaker:
    """Makes copies of what is stored, but for those that `guard` forbids."""

    def __init__(
        self, hook: Provider[Coercion], leaving: Callable[[], Leaving], guard: HopGuard
    ) -> None:
        self._hook = hook
        self._leaving = leaving
        self._guard = guard

    async def check(self, name: str) -> None:
        """See that there is such a coercion.

        Raises:
            NotProvided, HookError: it cannot be had.
        """
        await self._hook.found(name)

    @asynccontextmanager
    async def copy(self, name: str, facts: InstanceFacts) -> AsyncIterator[CoercedCopy]:
        """The copy of an instance by the coercion of this name, for the time of a block.

        Raises:
            NotCoerced: it never can be.
            Exception: it cannot be now.
        """
        made = await self._made(name, facts)
        try:
            yield made
        finally:
            await _close(made.file)

    @asynccontextmanager
    async def plain(self, facts: InstanceFacts) -> AsyncIterator[CoercedCopy]:
        """An instance as it leaves: as corrected, and without how it came here.

        Raises:
            Exception: it cannot be read now.
        """
        file = await self._leaving().as_it_leaves(facts.sop_instance_uid)
        try:
            found = await to_thread.run_sync(read_beginning, file)
            yield CoercedCopy(replace(facts, size_bytes=found.size), file, found.offset)
        finally:
            await _close(file)

    async def _made(self, name: str, facts: InstanceFacts) -> CoercedCopy:
        plugin, coercion = await self._hook.found(name)
        source = await self._leaving().as_it_leaves(facts.sop_instance_uid)
        try:
            marks = await to_thread.run_sync(self._passed, name, source)
            target = await self._leaving().new_file(facts.size_bytes)
            try:
                with self._hook.until_forgotten(plugin) as scope:
                    await coercion.coerce(source, target)
                if scope.cancelled_caught:
                    raise CoercionGone(f"the plugin of coercion {name} was exchanged")
                made = await to_thread.run_sync(checked, target, facts)
            finally:
                await _close(target)
        finally:
            await _close(source)
        if made.facts.sop_instance_uid == facts.sop_instance_uid:
            return made
        return await self._marked(made, marks)

    def _passed(self, name: str, source: BinaryIO) -> tuple[str, ...]:
        """The marks of what was made of an object, with the one that this coercion adds. Blocks.

        Raises:
            NotCoerced: another copy would be one too many.
        """
        marks = marks_of(source)
        self._guard.check(name, marks)
        return (*marks, self._guard.mark(name))

    async def _marked(self, made: CoercedCopy, marks: tuple[str, ...]) -> CoercedCopy:
        """The same copy with these marks."""
        try:
            target = await self._leaving().new_file(made.facts.size_bytes)
            try:
                return await to_thread.run_sync(_with_marks, made, target, marks)
            finally:
                await _close(target)
        finally:
            await _close(made.file)


async def _close(file: BinaryIO) -> None:
    """Close it, also where whoever wanted it is broken off."""
    with CancelScope(shield=True):
        await to_thread.run_sync(file.close)


def _with_marks(made: CoercedCopy, target: BinaryIO, marks: tuple[str, ...]) -> CoercedCopy:
    """Write it, and have what was written; blocks."""
    write_marked(made.file, target, marks)
    file = read_only(target)
    size = os.fstat(file.fileno()).st_size
    return CoercedCopy(replace(made.facts, size_bytes=size), file, made.offset)


def checked(written: BinaryIO, original: InstanceFacts) -> CoercedCopy:
    """What was written, by a descriptor of its own; blocks.

    Raises:
        NotCoerced: it is no copy of the original that may leave.
        OSError: it cannot be read.
    """
    file = read_only(written)
    try:
        facts, offset = _facts(file, original)
    except BaseException:
        file.close()
        raise
    return CoercedCopy(facts, file, offset)


def _facts(file: BinaryIO, original: InstanceFacts) -> tuple[InstanceFacts, int]:
    try:
        found = read_beginning(file)
        uids = _uids(found)
    except DicomError as error:
        raise NotCoerced(f"the coercion wrote no DICOM file: {error}") from error
    _check(found.meta, uids, original)
    data_set_bytes = found.size - found.offset
    if data_set_bytes <= 0 or data_set_bytes % 2:
        rule = "PS3.5 section 7.1.1"
        raise NotCoerced(f"the coercion wrote a data set of {data_set_bytes} bytes ({rule})")
    facts = InstanceFacts(
        uids[_SOP_INSTANCE_UID],
        uids[_SOP_CLASS_UID],
        uids[_SERIES_INSTANCE_UID],
        uids[_STUDY_INSTANCE_UID],
        found.meta.transfer_syntax_uid,
        found.size,
    )
    return facts, found.offset


def _uids(found: FileBeginning) -> dict[Tag, str]:
    first, stop = found.first, _SERIES_INSTANCE_UID + 1
    elements = scan(first, found.syntax, stop_before=stop, wanted=_UIDS, is_whole=False)
    return {tag: decode_uid(elements.value(first, tag) or b"") for tag in _UIDS}


def _check(meta: FileMeta, uids: dict[Tag, str], original: InstanceFacts) -> None:
    if meta.transfer_syntax_uid != original.transfer_syntax_uid:
        raise NotCoerced("the coercion wrote another Transfer Syntax")
    if uids[_SOP_CLASS_UID] != original.sop_class_uid:
        raise NotCoerced("the coercion wrote another SOP Class")
    named = (meta.media_storage_sop_class_uid, meta.media_storage_sop_instance_uid)
    if named != (uids[_SOP_CLASS_UID], uids[_SOP_INSTANCE_UID]):
        raise NotCoerced("the coercion wrote a file whose header names another object")
    for tag, uid in uids.items():
        if not is_valid_uid(uid):
            raise NotCoerced(f"the coercion wrote no UID as {format_tag(tag)} (PS3.5 section 9.1)")
