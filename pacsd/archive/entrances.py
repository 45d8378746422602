"""What was decided about instances as they came in, in the state log: coerced, set aside.

The log has it once the file is durable and before the index knows it, so that nobody ever sees the
instance otherwise: not after a crash in between, nor when the index is made anew. A record names
the file by its key. Where a crash came before the record, plugins are asked again.

So it names the files of what was purged or given up: what of it a store did not remove is gone all
the same, and comes in no more.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias

from pacsd.api.receiving import NotAccepted
from pacsd.api.state_log import StateLog
from pacsd.archive.admittance import Decide
from pacsd.archive.entry import Entry, received
from pacsd.archive.seen import Seen
from pacsd.archive.state_records import Action, StateRecord, decode_record, encode_record
from pacsd.dicom.level import Level
from pacsd.dicom.level_attributes import level_of
from pacsd.index.index import Index
from pacsd.index.overlay_records import Correction
from pacsd.index.records import Aside, AsideKind, NewInstance, Scope

ACTOR = "pacsd"
_GONE = frozenset({Action.PURGE, Action.DISCARD})
_ENTERING = frozenset({Action.CORRECT, Action.SET_ASIDE}) | _GONE

Behind: TypeAlias = Callable[[NewInstance], Awaitable[Seen]]

Enter: TypeAlias = Callable[[NewInstance], Awaitable[NewInstance | None]]
"""Says how an instance comes in whose file was found in the store; None: it is gone for good."""


class Entrances:
    """How instances came in, by the keys of their files in one store."""

    def __init__(self, records: Iterable[StateRecord]) -> None:
        self._aside: dict[str, Aside] = {}
        self._coercions: dict[str, tuple[Correction, ...]] = {}
        self._gone: dict[str, bytes] = {}
        for record in records:
            if record.action in _GONE:
                self._gone[record.key] = record.sha256
            elif record.action is Action.SET_ASIDE:
                self._aside[record.key] = Aside(
                    AsideKind(record.value), record.actor, record.reason
                )
            elif record.action is Action.CORRECT and record.key:
                known = self._coercions.get(record.key, ())
                self._coercions[record.key] = (*known, _coercion(record))

    @classmethod
    async def among(cls, log: StateLog, keys: Collection[str], store: str = "") -> "Entrances":
        """Those of these files in a store, as the log names it: '' is the first.

        Raises:
            StateRecordError: the log holds what is not understood.
            StoreError: it cannot be read.
        """
        records = [decode_record(line) async for line in log.read()] if keys else []
        theirs = (each for each in records if each.key in keys and each.store == store)
        return cls(each for each in theirs if each.action in _ENTERING)

    def entered(self, new: NewInstance) -> NewInstance | None:
        """An instance as it came in; None if nothing was decided about it."""
        key = new.copy.key
        if key not in self._aside and key not in self._coercions:
            return None
        return replace(new, aside=self._aside.get(key), coercions=self._coercions.get(key, ()))

    def is_gone(self, new: NewInstance) -> bool:
        """Whether it was decided that this file goes for good, and it is still there."""
        return self._gone.get(new.copy.key) == new.copy.sha256

    async def enter(self, new: NewInstance) -> NewInstance | None:
        """An instance as it came in; None if it is gone."""
        return None if self.is_gone(new) else self.entered(new) or new


class AskedAgain:
    """Instances that a crash left over: as they came in, or as is decided now.

    Whoever is refused now stays, but unseen: it was durable. `log` has what is decided now; None:
    whoever indexes the instances sees to that. `behind` tells what is seen behind the file of one,
    `store` is the one in which they lie, as the log names it.
    """

    def __init__(
        self,
        entrances: Entrances,
        decide: Decide,
        log: StateLog | None,
        *,
        store: str = "",
        behind: Behind | None = None,
    ) -> None:
        self._entrances = entrances
        self._decide = decide
        self._log = log
        self._store = store
        self._behind = behind or behind_its_file

    async def enter(self, new: NewInstance) -> NewInstance | None:
        """An instance as it is to come in; None if it is gone.

        Raises:
            StoreError: the log takes nothing.
        """
        if self._entrances.is_gone(new):
            return None
        known = self._entrances.entered(new)
        if known is not None:
            return known
        decided = await self._decide(received(new))
        if isinstance(decided, NotAccepted):
            why = f"left over by a crash, and not let in now: {decided.comment}"
            decided = Entry(aside=Aside(AsideKind.QUARANTINE, ACTOR, why))
        if decided is None:
            return new
        entered = decided.entered(new)
        seen = await self._behind(entered)
        records = _records(entered, entered.coercions, seen, self._store)
        if records and self._log is not None:
            await self._log.append([encode_record(each) for each in records])
        return entered


async def behind_its_file(new: NewInstance) -> Seen:
    """What is seen behind the file of an instance in the only store there is."""
    return Seen(new.copy.key)


async def entry_records(
    index: Index,
    group: Sequence[NewInstance],
    behind: Behind = behind_its_file,
    in_log: Callable[[str], str] = lambda _: "",
) -> list[StateRecord]:
    """What the log has to know of a group before the index, by rising keys.

    `behind` tells what is seen behind the file of one, `in_log` how the log names a store.
    Nothing of data sets that are there already, nor of attributes of a patient, study or series
    over which something lies: neither changes how it is.
    """
    records: list[StateRecord] = []
    coerced: set[tuple[str, str, int]] = set()
    for new in sorted(group, key=lambda each: each.copy.key):
        if (new.aside is None and not new.coercions) or await _is_known(index, new):
            continue
        coercions = new.coercions
        if new.aside is None:
            coercions = await _fresh(index, new, coerced)
        if new.aside is not None or coercions:
            seen = await behind(new)
            records += _records(new, coercions, seen, in_log(new.copy.store))
    return records


async def _fresh(
    index: Index, new: NewInstance, coerced: set[tuple[str, str, int]]
) -> tuple[Correction, ...]:
    """What is coerced for the first time; `coerced` was by others of the group."""
    scope = Scope(new.reception.partition)
    places = [(new.study_instance_uid, new.series_instance_uid, each.tag) for each in new.coercions]
    are_corrected = await index.overlays.are_corrected(scope, places)
    fresh = tuple(
        each
        for each, place, is_corrected in zip(new.coercions, places, are_corrected, strict=True)
        if not is_corrected and (level_of(each.tag) is Level.INSTANCE or place not in coerced)
    )
    coerced.update(places)
    return fresh


async def _is_known(index: Index, new: NewInstance) -> bool:
    scope, uid = Scope(new.reception.partition), new.sop_instance_uid
    stored = [copy for each in await index.instances.among(scope, [uid]) for copy in each.copies]
    versions = await index.quarantine.of_instance(scope, uid)
    digests = {copy.sha256 for copy in stored} | {each.version.copy.sha256 for each in versions}
    return new.copy.sha256 in digests


def _records(
    new: NewInstance, coercions: Sequence[Correction], seen: Seen, store: str
) -> list[StateRecord]:
    def record(action: Action, actor: str, reason: str, value: str) -> StateRecord:
        return StateRecord(
            new.reception.received_at_us,
            actor,
            action,
            new.reception.partition,
            new.sop_instance_uid,
            new.copy.sha256,
            key=new.copy.key,
            # Whoever tells the story again comes to it behind the file.
            seen_key=seen.key,
            seen_elsewhere=seen.elsewhere,
            reason=reason,
            value=value,
            store=store,
        )

    records = [
        replace(
            record(Action.CORRECT, each.actor, each.reason, each.value),
            level=Level.INSTANCE.name,
            uid=new.sop_instance_uid,
            tag=f"{each.tag:08X}",
        )
        for each in coercions
    ]
    if new.aside is not None:
        aside = new.aside
        records.append(record(Action.SET_ASIDE, aside.actor, aside.reason, aside.kind.value))
    return records


def _coercion(record: StateRecord) -> Correction:
    return Correction(
        Level.INSTANCE,
        record.uid,
        int(record.tag, 16),
        record.value,
        record.actor,
        record.reason,
        record.at_us,
        record.sha256,
    )
