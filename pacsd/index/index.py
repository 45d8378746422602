"""The index: what the rooms above hold in hand."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from pacsd.index.auditing import append_audit
from pacsd.index.bell import Bells
from pacsd.index.changes import Changes
from pacsd.index.checking import StoreChecks
from pacsd.index.copies import Copies, highest_keys
from pacsd.index.deletions import Deletions
from pacsd.index.desks import DeskFacts, IndexFiles, ReaderDesk, WriterDesk
from pacsd.index.extra_tags import ExtraTags
from pacsd.index.headers import has_headers, read_headers
from pacsd.index.ingest import add
from pacsd.index.instances import Instances
from pacsd.index.jobs import Jobs
from pacsd.index.labels import Labels
from pacsd.index.ledger import Ledger
from pacsd.index.log_position import note_position, read_position
from pacsd.index.looked_up import LookedUp
from pacsd.index.of_study import StudyInstances
from pacsd.index.overlays import Overlays
from pacsd.index.plugin_values import PluginValues
from pacsd.index.quarantine import Quarantine
from pacsd.index.quarantining import QuarantineBounds
from pacsd.index.queries import Queries
from pacsd.index.quiet import QuietTimers
from pacsd.index.recent_studies import RecentStudies
from pacsd.index.records import (
    AuditEntry,
    AuditRow,
    Copy,
    IndexHealth,
    IndexStats,
    NewInstance,
    Scope,
    Verdict,
)
from pacsd.index.session import NewHeader, WriteSession
from pacsd.index.sqlite import Durability, SqliteFile
from pacsd.index.statistics import index_stats
from pacsd.index.study_version import study_version
from pacsd.index.subjects import Subjects
from pacsd.index.threads import Threads
from pacsd.index.unit_queue import Priority

INDEX_FILE = "index.sqlite"
HEADERS_FILE = "headers.sqlite"
METADATA_FILE = "metadata.sqlite"


class Index:
    """An open index. One call is one transaction, or one page; it may be used by many tasks.

    Every call raises IndexFault when the database fails: nothing of the call is visible then.
    """

    def __init__(
        self, threads: Threads, facts: DeskFacts, bounds: QuarantineBounds, bells: Bells
    ) -> None:
        self._threads = threads
        self._facts = facts
        self._bounds = bounds
        self.instances = Instances(threads, LookedUp(lambda: facts.alterations))
        self.of_study = StudyInstances(threads)
        self.recent_studies = RecentStudies(threads)
        self.copies = Copies(threads)
        self.checks = StoreChecks(threads)
        self.changes = Changes(threads, bells.changes)
        self.jobs = Jobs(threads, bells.jobs)
        self.ledger = Ledger(threads)
        self.quiet = QuietTimers(threads)
        self.plugin_values = PluginValues(threads)
        self.labels = Labels(threads)
        self.subjects = Subjects(threads)
        self.extra_tags = ExtraTags(threads)
        self.queries = Queries(threads)
        self.overlays = Overlays(threads)
        self.quarantine = Quarantine(threads, bounds, self.overlays.expect)
        self.deletions = Deletions(threads)

    async def add(self, group: Sequence[NewInstance]) -> list[Verdict]:
        """Index a group of instances that are durable in a store; durable once this returns.

        One verdict each, in their order; an instance that breaks a rule never fails the others.
        UIDs must be acceptable (`pacsd.dicom.uid`), the partition must exist.

        Raises:
            IndexFault: nothing of the group is visible. If the medium failed during the commit it
                may come back after a restart: leave its files until `settle`, or to the start-up's
                examination.
        """
        if not group:
            return []
        self.overlays.expect(each.tag for new in group for each in new.coercions)
        work = partial(add, group=tuple(group), bounds=self._bounds)
        return await self._threads.write(work, Priority.INGEST)

    async def withdraw(self, partition: int, version: int, existing: Copy) -> bool:
        """Forget a version that `add` put into quarantine: it is no other one than `existing`.

        Returns:
            Whether that was done. Not if the version is not there any more, nor if the copy is
            not, is known to be bad, or the instance deleted.
        """
        return await self.quarantine.withdraw(Scope(partition), version, existing)

    async def highest_keys(self, store: str, limit: int, partition: int | None = None) -> list[str]:
        """The highest keys of a store that instances and versions in quarantine have."""
        return await self._threads.read(partial(highest_keys, store, limit, partition))

    async def known_keys(self, store: str, keys: Collection[str]) -> frozenset[str]:
        """Those of these keys that instances and versions in quarantine have."""
        return await self.checks.known_keys(store, keys, Priority.INGEST)

    async def settle(self, files: int) -> None:
        """Commit, so that nothing of a group comes back whose `add` failed.

        What a failed commit left in the WAL is overwritten by the next one that succeeds. `files`
        is how many the group had.
        """
        entry = AuditEntry("pacsd", "index fault", "settled", detail=f"{files} files")
        work = partial(append_audit, partition=Scope().partition, entry=entry)
        await self._threads.write(work, Priority.INGEST)

    async def log_position(self) -> int:
        """How many records of the store's state log are mirrored."""
        return await self._threads.read(read_position)

    async def note_log_position(self, reached: int) -> None:
        """So many records of the state log are mirrored: the last ones changed nothing here."""
        await self._threads.write(partial(note_position, reached=reached))

    async def headers(self, instances: Sequence[int]) -> Mapping[int, bytes]:
        """The headers there are, by instance; those that lack must be read from their files."""
        found, left = _among_waiting(self._facts.waiting_headers, instances)
        written = await self._threads.read_headers(partial(read_headers, instances=left))
        return found | written

    async def put_headers(self, headers: Sequence[NewHeader]) -> None:
        """Keep headers that were read from files again."""
        work = partial(_put_headers, tuple(headers))
        await self._threads.write(work, Priority.MAINTENANCE)

    async def metadata(self, instances: Sequence[int]) -> Mapping[int, bytes]:
        """What `put_metadata` kept of instances; what it lacks must be made again.

        Whoever reads it must know it again: what was kept of the first of a series may have been
        replaced, and then what was kept of the others is no more what it was.
        """
        found, left = _among_waiting(self._facts.waiting_metadata, instances)
        written = await self._threads.read_metadata(partial(read_headers, instances=left))
        return found | written

    async def has_metadata(self) -> bool:
        """Whether `put_metadata` has kept anything that is still there."""
        if self._facts.waiting_metadata:
            return True
        return await self._threads.read_metadata(has_headers)

    async def put_metadata(self, metadata: Sequence[NewHeader]) -> None:
        """Keep what was made of instances, until they are purged."""
        work = partial(_put_metadata, tuple(metadata))
        await self._threads.write(work, Priority.MAINTENANCE)

    async def study_version(self, scope: Scope, study_instance_uid: str) -> str:
        """What is another text after every change to a study, '' if there is no such study.

        What was read of the study after this was as it says, or newer.
        """
        return await self._threads.read(partial(study_version, scope, study_instance_uid))

    async def audit(self, scope: Scope, *entries: AuditEntry) -> None:
        """Append to the audit trail, in one transaction."""
        await self._threads.write(partial(_append_audit, scope.partition, entries))

    def tell_audited(self, audited: Callable[[Sequence[AuditRow]], None]) -> None:
        """Have this called with all that is added to the audit trail, by the writer's thread."""
        self._facts.audited = audited

    async def stats(self, scope: Scope) -> IndexStats:
        """What the index holds; reads all of it."""
        return await self._threads.read_long(partial(index_stats, scope))

    def health(self) -> IndexHealth:
        """How the index is doing."""
        facts = self._facts
        return IndexHealth(
            waiting_units=self._threads.waiting_units,
            wal_bytes=facts.wal_bytes,
            failed_checkpoints=facts.failed_checkpoints,
            header_failures=facts.header_failures,
            headers_recreated_because=facts.headers_recreated_because,
            upgraded_from=facts.upgraded_from,
        )


@asynccontextmanager
async def open_index(
    folder: Path,
    *,
    now_us: Callable[[], int],
    durability: Durability = Durability.FULL,
    bounds: QuarantineBounds | None = None,
    readers: int = 2,
) -> AsyncIterator[Index]:
    """The index in a folder, made or upgraded if need be; nobody else may have it open.

    `now_us` is a clock in UTC microseconds since 1970.

    Raises:
        IndexVersionError: a newer pacsd made it.
        IndexFault: it cannot be opened.
    """
    files = IndexFiles(
        SqliteFile(folder / INDEX_FILE, durability),
        SqliteFile(folder / HEADERS_FILE, Durability.RELAXED),
        SqliteFile(folder / METADATA_FILE, Durability.RELAXED),
    )
    facts, bells = DeskFacts(), Bells()
    threads = Threads(
        open_writer=partial(WriterDesk, files, now_us, facts, bells),
        open_reader=partial(ReaderDesk, files.index),
        open_headers=partial(ReaderDesk, files.headers),
        open_metadata=partial(ReaderDesk, files.metadata),
        readers=readers,
    )
    try:
        await threads.write(_opened, Priority.INGEST)
        yield Index(threads, facts, bounds or QuarantineBounds(), bells)
    finally:
        await threads.close()


def _opened(_: WriteSession) -> None:
    """Nothing but what opening does."""


def _append_audit(partition: int, entries: Sequence[AuditEntry], session: WriteSession) -> None:
    for entry in entries:
        append_audit(session, partition, entry)


def _among_waiting(
    waiting: Mapping[int, NewHeader], instances: Sequence[int]
) -> tuple[dict[int, bytes], tuple[int, ...]]:
    """What waits to be written of these, and those of which nothing does.

    The writer's thread empties it once all is written, and only then: so what does not wait is
    looked for afterwards.
    """
    found = {each.instance: each.header for each in map(waiting.get, instances) if each is not None}
    return found, tuple(each for each in instances if each not in found)


def _put_headers(headers: Sequence[NewHeader], session: WriteSession) -> None:
    """They are written once this is committed, as those of new instances are."""
    session.new_headers.extend(headers)


def _put_metadata(metadata: Sequence[NewHeader], session: WriteSession) -> None:
    session.new_metadata.extend(metadata)
