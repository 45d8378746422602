"""Random groups of instances, deletions and damage, played against a model of plain dicts."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pacsd.index.desks import WriterDesk
from pacsd.index.ingest import index_group
from pacsd.index.quarantining import QuarantineBounds
from pacsd.index.records import InstanceState, NewInstance, Outcome
from tests.index.made import new, opened, rows

BOUNDS = QuarantineBounds(versions=4, versions_per_instance=2)


@dataclass
class Known:
    """An instance of the model."""

    digest: bytes
    file: str
    is_held: bool
    is_deleted: bool = False
    is_damaged: bool = False


@dataclass
class Model:
    """What the index should hold, and what it should say."""

    studies: dict[str, str] = field(default_factory=dict)
    instances: dict[str, Known] = field(default_factory=dict)
    quarantine: dict[tuple[str, bytes], str] = field(default_factory=dict)

    def add(self, brought: NewInstance) -> tuple[Outcome, bool]:
        uid, digest = brought.sop_instance_uid, brought.copy.sha256
        known = self.instances.get(uid)
        if known is None:
            patient = self.studies.setdefault(brought.study_instance_uid, brought.patient_id)
            is_held = patient != brought.patient_id
            self.instances[uid] = Known(digest, brought.copy.key, is_held)
            return (Outcome.HELD if is_held else Outcome.STORED), True
        if known.is_deleted and not brought.restores_deleted:
            return Outcome.REFUSED_DELETED, False
        if known.digest != digest:
            return self._quarantined(uid, digest, brought.copy.key)
        was_deleted, was_damaged = known.is_deleted, known.is_damaged
        known.is_deleted = known.is_damaged = False
        if was_damaged:
            known.file = brought.copy.key
        if was_deleted:
            return Outcome.RESTORED, was_damaged
        return (Outcome.REPAIRED if was_damaged else Outcome.DUPLICATE), was_damaged

    def _quarantined(self, uid: str, digest: bytes, file: str) -> tuple[Outcome, bool]:
        if (uid, digest) in self.quarantine:
            return Outcome.CONFLICT_KNOWN, False
        of_instance = sum(each == uid for each, _ in self.quarantine)
        if len(self.quarantine) >= BOUNDS.versions or of_instance >= BOUNDS.versions_per_instance:
            return Outcome.CONFLICT_FULL, False
        self.quarantine[uid, digest] = file
        return Outcome.CONFLICT, True


BROUGHT = st.builds(
    lambda uid, content, study, patient_id, restores: new(
        uid,
        content=content,
        study=study,
        series=f"{study}.0",
        patient_id=patient_id,
        restores_deleted=restores,
    ),
    st.sampled_from(["1.1", "1.2", "1.3", "1.4"]),
    st.sampled_from([b"a", b"b", b"c", b"d"]),
    st.sampled_from(["1", "2"]),
    st.sampled_from(["P1", "P2"]),
    st.booleans(),
)
UIDS = st.sampled_from(["1.1", "1.2", "1.3", "1.4"])


class Ingesting(RuleBasedStateMachine):
    """The index and its model."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self._desk: WriterDesk = opened(Path(self._folder.name))
        self._model = Model()

    def teardown(self) -> None:
        self._desk.close()
        self._folder.cleanup()

    @rule(group=st.lists(BROUGHT, min_size=1, max_size=6))
    def add(self, group: list[NewInstance]) -> None:
        verdicts = self._desk.perform(lambda session: index_group(session, group, BOUNDS))
        found = [(verdict.outcome, verdict.keeps_file) for verdict in verdicts]
        assert found == [self._model.add(each) for each in group]

    @rule(group=st.lists(BROUGHT, min_size=1, max_size=3))
    def fail_to_add(self, group: list[NewInstance]) -> None:
        try:
            self._desk.perform(lambda session: [index_group(session, group, BOUNDS), 1 / 0])
        except ZeroDivisionError:
            return
        raise AssertionError("nothing was raised")

    @precondition(lambda self: self._model.instances)
    @rule(uid=UIDS)
    def delete(self, uid: str) -> None:
        known = self._model.instances.get(uid)
        if known is not None:
            known.is_deleted = True
            self._execute(f"UPDATE instance SET state = 4 WHERE sop_instance_uid = '{uid}'")  # noqa: S608

    @precondition(lambda self: self._model.instances)
    @rule(uid=UIDS)
    def damage(self, uid: str) -> None:
        known = self._model.instances.get(uid)
        if known is not None:
            known.is_damaged = True
            self._execute(
                "UPDATE copy SET state = 2 WHERE instance_row IN "  # noqa: S608
                f"(SELECT id FROM instance WHERE sop_instance_uid = '{uid}')"
            )

    @rule()
    def restart(self) -> None:
        self._desk.close()
        self._desk = opened(Path(self._folder.name))

    @invariant()
    def files_are_those_of_the_model(self) -> None:
        kept = {str(row[0]) for row in rows(self._desk, "SELECT location FROM copy")}
        assert kept == {known.file for known in self._model.instances.values()}
        apart = {str(row[0]) for row in rows(self._desk, "SELECT location FROM quarantine")}
        assert apart == set(self._model.quarantine.values())

    @invariant()
    def states_are_those_of_the_model(self) -> None:
        found = set(rows(self._desk, "SELECT sop_instance_uid, state FROM instance"))
        assert found == {(uid, _state(known).value) for uid, known in self._model.instances.items()}

    @invariant()
    def studies_stay_with_their_first_patient(self) -> None:
        found = rows(
            self._desk,
            "SELECT study_instance_uid, patient_id FROM study "
            "JOIN patient ON patient.id = study.patient_row",
        )
        assert set(found) == set(self._model.studies.items())

    def _execute(self, sql: str) -> None:
        self._desk.perform(lambda session: session.connection.exec_driver_sql(sql))


def _state(known: Known) -> InstanceState:
    if known.is_deleted:
        return InstanceState.DELETED
    return InstanceState.HELD if known.is_held else InstanceState.LIVE


TestIngesting = Ingesting.TestCase
TestIngesting.settings = settings(
    max_examples=10,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def test_the_model_knows_two_contents_apart() -> None:
    assert hashlib.sha256(b"a").digest() == new(content=b"a").copy.sha256
