from functools import partial
from pathlib import Path

import pytest

from pacsd.index.bell import Bells
from pacsd.index.desks import DeskFacts, ReaderDesk
from pacsd.index.errors import IndexFault, IndexFaultKind, IndexVersionError, JobRefused
from pacsd.index.records import ChangeKind
from pacsd.index.session import Place, Relaxed, WriteSession
from pacsd.index.sqlite import SqliteFile, driver
from tests.index.job_queues import job, put
from tests.index.made import added, desk_in, new, opened, rows


def test_a_new_index_has_an_epoch_that_stays(tmp_path: Path) -> None:
    epochs = set()
    for _ in range(2):
        with desk_in(tmp_path) as desk:
            epochs |= {row[0] for row in rows(desk, "SELECT value FROM meta WHERE key = 'epoch'")}
    assert len(epochs) == 1


def test_a_unit_that_raises_leaves_nothing(tmp_path: Path) -> None:
    with desk_in(tmp_path) as desk:
        with pytest.raises(ZeroDivisionError):
            desk.perform(
                lambda session: (session.connection.exec_driver_sql("DELETE FROM partition"), 1 / 0)
            )
        assert rows(desk, "SELECT id FROM partition") == [(1,)]


def test_a_reader_s_unit_sees_what_was_committed(tmp_path: Path) -> None:
    with desk_in(tmp_path) as desk:
        added(desk, new("1.1"))
        reader = ReaderDesk(SqliteFile(tmp_path / "index.sqlite"))
        count = "SELECT count(*) FROM instance"
        assert reader.perform(lambda each: each.exec_driver_sql(count).scalar()) == 1
        with pytest.raises(IndexFault) as raised:
            reader.perform(lambda each: each.exec_driver_sql("DELETE FROM instance"))
        assert raised.value.kind is IndexFaultKind.READ_ONLY
        reader.tend()
        reader.close()


def test_the_desk_tells_how_it_is(tmp_path: Path) -> None:
    facts = DeskFacts()
    desk = opened(tmp_path, facts=facts)
    added(desk, new("1.1", header=b"header"))
    assert facts.wal_bytes > 0
    assert (facts.failed_checkpoints, facts.header_failures, facts.upgraded_from) == (0, 0, "")
    desk.close()


def test_a_checkpoint_that_fails_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = DeskFacts()
    desk = opened(tmp_path, facts=facts)

    def failing(*_: object) -> None:
        raise IndexFault(IndexFaultKind.INPUT_OUTPUT, "no")

    with monkeypatch.context() as patched:
        patched.setattr(SqliteFile, "tend", failing)
        added(desk, new("1.1"))
    assert facts.failed_checkpoints == 1
    desk.close()


def test_headers_that_cannot_be_kept_block_nothing(tmp_path: Path) -> None:
    (tmp_path / "headers.sqlite").mkdir()
    facts = DeskFacts()
    desk = opened(tmp_path, facts=facts)
    assert facts.header_failures == 1
    added(desk, *(new(f"1.{number}", header=b"header") for number in range(64)))
    assert facts.header_failures == 2
    desk.close()


def test_a_newer_index_is_refused_and_its_file_let_go(tmp_path: Path) -> None:
    with desk_in(tmp_path) as desk:
        desk.perform(
            lambda session: session.connection.exec_driver_sql(
                "UPDATE alembic_version SET version_num = '9999'"
            )
        )
    with pytest.raises(IndexVersionError):
        opened(tmp_path)
    assert not (tmp_path / "index.sqlite-wal").exists()


def test_a_commit_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with desk_in(tmp_path) as desk:
        connection = driver(desk._connection)
        broken = (
            "INSERT INTO study (id, partition_id, study_instance_uid, patient_row) "
            "VALUES (1, 1, '1', 99)"
        )
        with pytest.raises(Exception, match="FOREIGN KEY"):
            desk.perform(
                lambda session: (
                    session.connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON"),
                    session.connection.exec_driver_sql(broken),
                )
            )
        assert not connection.in_transaction
        assert rows(desk, "SELECT count(*) FROM study") == [(0,)]


def test_the_bell_rings_for_what_was_committed_alone(tmp_path: Path) -> None:
    bells = Bells()
    bell, desk = bells.changes, opened(tmp_path, bells=bells)

    def fails(session: WriteSession) -> None:
        session.log(1, ChangeKind.STORED, Place(None, None), 1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        desk.perform(fails)
    desk.tend()
    assert bell.rings == 0
    added(desk, new("1.1"))
    assert bell.rings == 1
    added(desk, new("1.1"))  # the same again changes nothing
    desk.tend()
    assert bell.rings == 1
    desk.close()


def test_a_relaxed_unit_is_done_like_others(tmp_path: Path) -> None:
    with desk_in(tmp_path) as desk:
        levels = desk.perform(Relaxed(pragma)), desk.perform(pragma)
        assert levels == (1, 2)
        with pytest.raises(ZeroDivisionError):
            desk.perform(Relaxed(lambda _: 1 / 0))
        assert desk.perform(pragma) == 2


def test_the_bell_of_jobs_rings_by_itself(tmp_path: Path) -> None:
    bells = Bells()
    desk = opened(tmp_path, bells=bells)
    put(desk, job())
    with pytest.raises(JobRefused):
        desk.perform(queue_and_refuse)
    desk.tend()
    assert (bells.jobs.rings, bells.changes.rings) == (1, 0)
    desk.close()


def queue_and_refuse(session: WriteSession) -> None:
    session.has_queued = True
    raise JobRefused("no")


def pragma(session: WriteSession) -> object:
    return session.connection.exec_driver_sql("PRAGMA synchronous").scalar()


def log_and_fail(kind: ChangeKind, session: WriteSession) -> float:
    session.log(1, kind, Place(None, None), None)
    return 1 / 0


def test_what_a_unit_that_raised_may_have_altered_counts(tmp_path: Path) -> None:
    facts = DeskFacts()
    desk = opened(tmp_path, facts=facts)
    try:
        for kind, altered in ((ChangeKind.STORED, 0), (ChangeKind.DELETED, 1)):
            with pytest.raises(ZeroDivisionError):
                desk.perform(partial(log_and_fail, kind))
            assert facts.alterations == altered
    finally:
        desk.close()
