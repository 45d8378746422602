"""A full check of a store against its index, both ways, while both are in use.

The files there are and those the index names are gone through together by their keys. What does not
fit is looked at once more before anything is done: objects come and go meanwhile.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass

import anyio

from pacsd.api.store import BlobStore, Location
from pacsd.archive.admittance import Decide
from pacsd.archive.adoption import GROUP_FILES, Fate, adopt_group, is_kept_elsewhere
from pacsd.archive.check_records import CheckProgress, CheckTally, Finding, FindingKind
from pacsd.archive.entrances import AskedAgain, Entrances
from pacsd.archive.pace import Pace
from pacsd.archive.reading_back import Filed, ReadBack
from pacsd.archive.register import Register
from pacsd.archive.side_by_side import side_by_side
from pacsd.archive.stores import name_in_log, parts_of
from pacsd.index.index import Index
from pacsd.index.records import Copy, CopyCheck, CopyState, NewInstance, Scope, Verdict

_MARKED_TOGETHER = 64
"""Copies marked in one transaction, which may not hold up the index for long."""
_NO_SUCH_KEY = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class _Row:
    """A file that the index names: a copy, or that of the version of this number."""

    filed: Filed
    copy: Copy | None
    version: int

    @property
    def key(self) -> str:
        return self.filed.location.key


class Check:
    """One check of the store of this name; `run` it once, ask for its `progress` at any time.

    `store` may be several together: each has a check, and `tally` is the same for all.

    `register` takes the files that the index did not know, while `taking_in` is held (see
    `adopt_group`). `decide` gives who is asked now about those of which the state log does not say
    how they come in; the register logs what that is. `with_digests`: every file is read back,
    at this pace. `is_in_use`: others store meanwhile, and files behind the last one known at the
    start are theirs. `found` is told of each finding.
    """

    def __init__(
        self,
        store: BlobStore,
        store_name: str,
        index: Index,
        register: Register,
        taking_in: anyio.Lock,
        *,
        now_us: Callable[[], int],
        decide: Callable[[], Decide | None] = lambda: None,
        with_digests: bool = False,
        is_in_use: bool = True,
        pace: Pace | None = None,
        found: Callable[[Finding], None] = lambda _: None,
        tally: CheckTally | None = None,
    ) -> None:
        self._store = store
        self._part = parts_of(store, store_name)[store_name]
        self._all_names = tuple(parts_of(store, store_name))
        self._store_name = store_name
        self._index = index
        self._register = register
        self._taking_in = taking_in
        self._scope = Scope()
        self._now_us = now_us
        self._decide = decide
        self._with_digests = with_digests
        self._is_in_use = is_in_use
        self._found = found
        self._tally = tally or CheckTally()
        self._read_back = ReadBack(store, pace or Pace(None), self._count_bytes)
        self._strangers: list[Location] = []
        self._verified: list[CopyCheck] = []

    def progress(self) -> CheckProgress:
        """How far it is and what it found so far."""
        return self._tally.progress()

    async def run(self) -> None:
        """Check everything; cancelled, what was found so far is marked, but for good copies.

        Raises:
            StoreError: the store cannot be listed, or a file not be removed.
            StateRecordError: the state log holds what is not understood.
            IndexFault: the index fails.
        """
        last_key = await self._last_key()
        self._tally.expected_rows += await self._index.checks.count(self._scope, self._store_name)
        pairs = side_by_side(
            self._files(), self._rows(), lambda file: file.key, lambda row: row.key
        )
        async with aclosing(pairs):
            async for file, row in pairs:
                await self._look(file, row, last_key)
        await self._adopt()
        await self._mark_verified()

    async def _look(self, file: Location | None, row: _Row | None, last_key: str) -> None:
        if row is not None:
            self._tally.rows += 1
            await self._look_at_row(row, file)
        elif file is not None and file.key > last_key:
            self._tally.left_alone += 1
        elif file is not None:
            self._strangers.append(file)
            if len(self._strangers) >= GROUP_FILES:
                await self._adopt()

    async def _last_key(self) -> str:
        """Behind it lie files that others are storing just now."""
        if not self._is_in_use:
            return _NO_SUCH_KEY
        highest = await self._index.highest_keys(self._store_name, 1)
        return highest[0] if highest else ""

    async def _files(self) -> AsyncIterator[Location]:
        """What is there."""
        cursor: str | None = None
        while True:
            page = await self._part.list(cursor)
            for location in page.locations:
                self._tally.files += 1
                yield location
            cursor = page.next_cursor
            if cursor is None:
                return

    def _rows(self) -> AsyncIterator[_Row]:
        """What should be there."""
        return _alternately(self._copies(), self._versions())

    async def _copies(self) -> AsyncIterator[_Row]:
        key = ""
        while page := await self._index.copies.by_location(self._scope, self._store_name, key):
            for copy in page:
                yield _Row(copy, copy, 0)
            key = page[-1].location.key

    async def _versions(self) -> AsyncIterator[_Row]:
        key = ""
        by_location = self._index.quarantine.by_location
        while page := await by_location(self._scope, self._store_name, key):
            for each in page:
                yield _Row(each.version.copy, None, each.id)
            key = page[-1].version.copy.key

    async def _look_at_row(self, row: _Row, file: Location | None) -> None:
        size_bytes = await self._size(row) if file is None else file.size_bytes
        if size_bytes is None:
            await self._bad(row, FindingKind.MISSING)
        elif size_bytes != row.filed.location.size_bytes:
            await self._bad(row, FindingKind.WRONG_SIZE)
        elif self._with_digests or (row.copy and row.copy.state is not CopyState.OK):
            await self._verify(row)

    async def _size(self, row: _Row) -> int | None:
        stat = await self._store.stat(row.filed.location)
        return None if stat is None else stat.size_bytes

    async def _verify(self, row: _Row) -> None:
        state = await self._read_back(row.filed)
        if state is not CopyState.OK:
            await self._bad(row, _KINDS[state])
            return
        self._tally.verified += 1
        copy = row.copy
        if copy is None:
            return
        self._verified.append(self._checked(copy, state))
        if copy.state is not state:
            self._tell(await self._of_copy(FindingKind.RECOVERED, copy))
        if len(self._verified) >= _MARKED_TOGETHER:
            await self._mark_verified()

    async def _bad(self, row: _Row, kind: FindingKind) -> None:
        """Mark a copy; of what was replaced or given up meanwhile nothing is said."""
        if row.copy is not None:
            check = self._checked(row.copy, _STATES[kind])
            if await self._index.copies.mark(self._scope, [check]):
                self._tell(await self._of_copy(kind, row.copy))
            return
        version = await self._index.quarantine.find(self._scope, row.version)
        if version is not None and version.version.copy.key == row.key:
            is_missing = kind is FindingKind.MISSING
            word = FindingKind.VERSION_MISSING if is_missing else FindingKind.VERSION_DAMAGED
            uid, study = version.version.sop_instance_uid, version.version.study_instance_uid
            self._tell(Finding(word, row.key, row.version, uid, study, self._store_name))

    async def _of_copy(self, kind: FindingKind, copy: Copy) -> Finding:
        found = await self._index.instances.of_number(self._scope, copy.instance)
        uids = ("", "") if found is None else (found.sop_instance_uid, found.study_instance_uid)
        return Finding(kind, copy.location.key, copy.instance, *uids, copy.location.store)

    async def _mark_verified(self) -> None:
        checks, self._verified = self._verified, []
        if checks:
            await self._index.copies.mark(self._scope, checks)

    async def _adopt(self) -> None:
        """Take in the files that the index still does not know."""
        strangers, self._strangers = self._strangers, []
        keys = [location.key for location in strangers]
        known = await self._index.checks.known_keys(self._store_name, keys)
        left = [location for location in strangers if location.key not in known]
        entrances = await Entrances.among(
            self._store.state_log,
            {location.key for location in left},
            name_in_log(self._store, self._store_name),
        )
        decide = self._decide()
        enter = AskedAgain(entrances, decide, None).enter if decide else entrances.enter
        # A file that was kept because its twin is bad takes the twin's place at the second try.
        for is_last in (False, True):
            fates = await adopt_group(
                self._store,
                self._register,
                left,
                self._taking_in,
                self._may_remove,
                enter,
            )
            kept = []
            for location, fate in zip(left, fates, strict=True):
                if fate is Fate.KEPT and not is_last:
                    kept.append(location)
                elif fate in _FATES:
                    self._tell(Finding(_FATES[fate], location.key, None, store=location.store))
            left = kept

    async def _may_remove(self, new: NewInstance, verdict: Verdict) -> bool:
        """Whether the same data set is stored elsewhere, and good; a bad twin is marked."""

        async def read_back(twin: Copy) -> CopyState:
            state = await self._read_back(twin)
            if state is not CopyState.OK:
                await self._bad(_row_of(twin, verdict), _KINDS[state])
            return state

        return await is_kept_elsewhere(self._all_names, read_back, new, verdict)

    def _checked(self, copy: Copy, state: CopyState) -> CopyCheck:
        return CopyCheck(copy.instance, copy.location, state, self._now_us())

    def _tell(self, finding: Finding) -> None:
        self._tally.add(finding)
        self._found(finding)

    def _count_bytes(self, count: int) -> None:
        self._tally.read_bytes += count


def _row_of(twin: Copy, verdict: Verdict) -> _Row:
    """The row of what the index has instead of a file that it has no use for."""
    is_version = verdict.version is not None
    return _Row(twin, None if is_version else twin, verdict.quarantined or 0)


async def _alternately(
    lefts: AsyncIterator[_Row], rights: AsyncIterator[_Row]
) -> AsyncIterator[_Row]:
    """The rows of both by rising key."""
    async for pair in side_by_side(lefts, rights, lambda row: row.key, lambda row: row.key):
        for row in pair:
            if row is not None:
                yield row


_KINDS = {CopyState.MISSING: FindingKind.MISSING, CopyState.DAMAGED: FindingKind.DAMAGED}
_STATES = {
    FindingKind.MISSING: CopyState.MISSING,
    FindingKind.WRONG_SIZE: CopyState.DAMAGED,
    FindingKind.DAMAGED: CopyState.DAMAGED,
}
_FATES = {
    Fate.INDEXED: FindingKind.ADOPTED,
    Fate.REMOVED: FindingKind.REMOVED,
    Fate.KEPT: FindingKind.KEPT,
    Fate.STUCK: FindingKind.STUCK,
    Fate.UNREADABLE: FindingKind.UNREADABLE,
}
