from collections.abc import Callable
from pathlib import Path

import pytest

from pacsd.index import ingest
from pacsd.index.desks import WriterDesk
from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.records import ChangeKind, InstanceState, Outcome
from pacsd.index.session import WriteSession
from pacsd.index.sqlite import driver
from tests.index.made import BOUNDS, added, desk_in, new, opened, outcomes, rows

STORED, HELD, DUPLICATE, CONFLICT = (
    Outcome.STORED,
    Outcome.HELD,
    Outcome.DUPLICATE,
    Outcome.CONFLICT,
)
TABLES = ("patient", "study", "series", "instance", "held", "copy", "change", "audit", "sop_class")


def counts(desk: WriterDesk) -> dict[str, object]:
    return {table: rows(desk, f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}  # noqa: S608


def test_a_group_is_stored(desk: WriterDesk) -> None:
    verdicts = added(desk, *(new(f"1.{number}") for number in range(20)))
    assert outcomes(verdicts) == [STORED] * 20
    assert all(verdict.keeps_file for verdict in verdicts)
    assert counts(desk) == {
        "patient": 1,
        "study": 1,
        "series": 1,
        "instance": 20,
        "held": 0,
        "copy": 20,
        "change": 20,
        "audit": 1,
        "sop_class": 1,
    }


def test_numbers_of_instances_and_changes_rise(desk: WriterDesk) -> None:
    verdicts = added(desk, *(new(f"1.{number}") for number in (3, 1, 2)))
    verdicts += added(desk, new("1.0"))
    numbers = [verdict.instance for verdict in verdicts]
    assert numbers == sorted(numbers)
    logged = rows(desk, "SELECT instance_row FROM change ORDER BY id")
    assert [row[0] for row in logged] == numbers


def test_a_row_holds_what_was_brought(desk: WriterDesk) -> None:
    brought = new("1.1", attributes={0x00200013: "7", 0x00280010: "512"}, key="a/b.dcm")
    (verdict,) = added(desk, brought)
    assert rows(
        desk,
        "SELECT id, sop_instance_uid, state, instance_number, rows, received_at_us FROM instance",
    ) == [(verdict.instance, "1.1", InstanceState.LIVE, 7, 512, brought.reception.received_at_us)]
    assert rows(
        desk,
        "SELECT instance_row, location, size_bytes, data_set_bytes, sha256, copy.state, word "
        "FROM copy JOIN store ON store.id = store_row",
    ) == [(verdict.instance, "a/b.dcm", 410, 10, brought.copy.sha256, 1, "store_fs")]


def test_in_one_group_the_first_of_a_uid_wins(desk: WriterDesk) -> None:
    group = [
        new("1.1", content=b"one"),
        new("1.1", content=b"one"),
        new("1.1", content=b"other"),
        new("1.2", content=b"two"),
        new("1.1", content=b"other"),
    ]
    assert outcomes(added(desk, *group)) == [
        STORED,
        DUPLICATE,
        CONFLICT,
        STORED,
        Outcome.CONFLICT_KNOWN,
    ]
    assert counts(desk)["instance"] == 2


def test_a_loser_makes_no_series(desk: WriterDesk) -> None:
    added(desk, new("1.1"))
    stranger = new("1.1", study="9", series="9.1", patient_id="P9", content=b"other")
    assert outcomes(added(desk, stranger, stranger)) == [CONFLICT, Outcome.CONFLICT_KNOWN]
    in_group = [new("1.2"), new("1.2", study="8", series="8.1", patient_id="P8", content=b"other")]
    assert outcomes(added(desk, *in_group)) == [STORED, CONFLICT]
    assert rows(desk, "SELECT study_instance_uid FROM study") == [("1.2.3",)]
    assert rows(desk, "SELECT patient_id FROM patient") == [("P1",)]


def test_an_instance_of_another_patient_is_held(desk: WriterDesk) -> None:
    other = new("1.2", patient_id="P2", attributes={0x00100010: "Roe^Ann"}, extras={5: "x"})
    first, second = added(desk, new("1.1"), other)
    assert (first.outcome, second.outcome, second.keeps_file) == (STORED, HELD, True)
    assert rows(desk, "SELECT state, series_row FROM instance ORDER BY id")[1] == (
        InstanceState.HELD,
        None,
    )
    assert rows(
        desk,
        "SELECT study_instance_uid, series_instance_uid, patient_id, attributes, extras FROM held",
    ) == [("1.2.3", "1.2.3.0", "P2", '{"00100010":"Roe^Ann"}', '{"5":"x"}')]
    assert rows(desk, "SELECT kind FROM change ORDER BY id DESC LIMIT 1") == [(ChangeKind.HELD,)]
    assert rows(desk, "SELECT patient_id FROM patient") == [("P1",)]


def test_headers_of_what_is_new_are_kept_after_the_commit(desk: WriterDesk) -> None:
    kept: list[bytes] = []

    def look(session: WriteSession) -> None:
        ingest.add(session, [new("1.1", header=b"a"), new("1.1", header=b"b"), new("1.2")], BOUNDS)
        kept.extend(each.header for each in session.new_headers)

    desk.perform(look)
    assert kept == [b"a"]


STEPS = ["_candidates", "_copy_row", "_log", "judge", "audit_stores"]


@pytest.mark.parametrize("step", STEPS)
def test_what_fails_at_any_step_leaves_nothing(
    desk: WriterDesk, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    added(desk, new("1.1"))
    before = counts(desk)
    group = [new("2.1", study="2", series="2.1", patient_id="P2"), new("1.1", content=b"other")]
    with monkeypatch.context() as patched:
        patched.setattr(ingest, step, failing_after(getattr(ingest, step)))
        with pytest.raises(ZeroDivisionError):
            added(desk, *group)
    assert counts(desk) == before
    assert rows(desk, "SELECT count(*) FROM quarantine") == [(0,)]
    # What was remembered of the rolled back rows is forgotten.
    assert outcomes(added(desk, *group)) == [STORED, CONFLICT]


def failing_after(step: Callable[..., object]) -> Callable[..., object]:
    def failing(*arguments: object) -> object:
        step(*arguments)
        raise ZeroDivisionError

    return failing


def test_a_full_disk_leaves_nothing_of_the_group(desk: WriterDesk) -> None:
    added(desk, new("1.0"))
    before = counts(desk)
    connection = driver(desk._connection)
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    group = [new(f"1.{number}" * 8) for number in range(1, 500)]
    with pytest.raises(IndexFault) as raised:
        added(desk, *group)
    assert raised.value.kind is IndexFaultKind.NO_SPACE
    assert counts(desk) == before
    connection.execute("PRAGMA max_page_count = 1000000")
    assert outcomes(added(desk, *group)) == [STORED] * 499


def test_what_was_committed_is_there_after_a_kill(tmp_path: Path) -> None:
    killed = opened(tmp_path)
    added(killed, new("1.1", content=b"one"))
    killed.perform(lambda session: session.take_ids())
    # Nothing is closed: the files are as a killed process leaves them.
    copied = tmp_path / "after"
    copied.mkdir()
    for file in tmp_path.glob("*.sqlite*"):
        if not file.name.endswith("-shm"):
            (copied / file.name).write_bytes(file.read_bytes())
    with desk_in(copied) as desk:
        assert outcomes(added(desk, new("1.1", content=b"one"), new("1.2"))) == [DUPLICATE, STORED]
    killed.close()


def test_partitions_have_their_own_instances(desk: WriterDesk) -> None:
    desk.perform(
        lambda session: session.connection.exec_driver_sql("INSERT INTO partition VALUES (2, 'b')")
    )
    verdicts = added(desk, new("1.1"), new("1.1", partition=2, content=b"other"))
    assert outcomes(verdicts) == [STORED, STORED]
