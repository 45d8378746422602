"""MemoryRegister: what ingest needs of an index, in memory; it fails when told to."""

import itertools
from collections.abc import Collection, Sequence
from dataclasses import replace

from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.records import Copy, CopyState, NewInstance, Outcome, Verdict

Key = tuple[int, str]


class MemoryRegister:
    """Decides as the index does: the first stays, the same is a duplicate, another is put aside.

    `instances` are those kept, by partition and SOP Instance UID, `quarantined` other versions of
    them by a number that only rises; `error`, once set, is raised by the next `add`, of which
    nothing is kept. `settled` are the files that were settled, call by call; `is_failing` makes
    that fail.
    """

    def __init__(self) -> None:
        self.instances: dict[Key, NewInstance] = {}
        self.quarantined: dict[int, NewInstance] = {}
        self.groups: list[int] = []
        self.error: IndexFault | None = None
        self.settled: list[int] = []
        self.is_failing = False
        self._patients: dict[Key, tuple[str, str]] = {}
        self._versions = itertools.count(1)

    async def add(self, group: Sequence[NewInstance], /) -> Sequence[Verdict]:
        """Index a group."""
        error, self.error = self.error, None
        if error is not None:
            raise error
        self.groups.append(len(group))
        return [self._judge(new) for new in group]

    async def withdraw(self, partition: int, version: int, existing: Copy, /) -> bool:
        """Forget a version in quarantine, if `existing` is a file of its instance."""
        found = self.quarantined.get(version)
        if found is None:
            return False
        if found.reception.partition != partition:
            raise ValueError(f"version {version} is of another partition")
        kept = self.instances.get((partition, found.sop_instance_uid))
        if kept is None or kept.copy.location != existing.location:
            return False
        del self.quarantined[version]
        return True

    async def highest_keys(self, store: str, limit: int, /) -> list[str]:
        """The highest keys of a store, the highest first."""
        return sorted(self._keys(store), reverse=True)[:limit]

    async def known_keys(self, store: str, keys: Collection[str], /) -> frozenset[str]:
        """Those of these keys that it knows."""
        return frozenset(self._keys(store).intersection(keys))

    async def settle(self, files: int, /) -> None:
        """Note how many."""
        if self.is_failing:
            raise IndexFault(IndexFaultKind.INPUT_OUTPUT, "told to fail")
        self.settled.append(files)

    def _keys(self, store: str) -> set[str]:
        known = (*self.instances.values(), *self.quarantined.values())
        return {each.copy.key for each in known if each.copy.store == store}

    def _judge(self, new: NewInstance) -> Verdict:
        partition, sha256 = new.reception.partition, new.copy.sha256
        first = self.instances.setdefault((partition, new.sop_instance_uid), new)
        if first is new:
            return Verdict(self._outcome(new), len(self.instances), keeps_file=True)
        if first.copy.sha256 == sha256:
            return _answer(Outcome.DUPLICATE, first)
        for known, version in self.quarantined.items():
            if _version(new) == _version(version):
                return _conflict(Outcome.CONFLICT_KNOWN, first, known, version)
        number = next(self._versions)
        self.quarantined[number] = new
        return replace(_conflict(Outcome.CONFLICT, first, number, new), keeps_file=True)

    def _outcome(self, new: NewInstance) -> Outcome:
        """The first patient of a study is its patient."""
        patient = (new.patient_id, new.issuer_of_patient_id)
        study = (new.reception.partition, new.study_instance_uid)
        is_same = self._patients.setdefault(study, patient) == patient
        return Outcome.STORED if is_same else Outcome.HELD


def _version(new: NewInstance) -> tuple[int, str, bytes]:
    return new.reception.partition, new.sop_instance_uid, new.copy.sha256


def _conflict(outcome: Outcome, first: NewInstance, number: int, version: NewInstance) -> Verdict:
    return replace(_answer(outcome, first), quarantined=number, version=_copy(version))


def _answer(outcome: Outcome, first: NewInstance) -> Verdict:
    return Verdict(outcome, 1, keeps_file=False, existing=_copy(first))


def _copy(new: NewInstance) -> Copy:
    return Copy(
        instance=1,
        location=new.copy.location,
        data_set_bytes=new.copy.data_set_bytes,
        sha256=new.copy.sha256,
        transfer_syntax_uid=new.transfer_syntax_uid,
        state=CopyState.OK,
        verified_at_us=0,
    )
