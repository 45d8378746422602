from dataclasses import replace

from pacsd.index.desks import WriterDesk
from pacsd.index.quarantining import QuarantineBounds, set_aside_in
from pacsd.index.records import (
    Aside,
    AsideKind,
    ChangeKind,
    Copy,
    CopyState,
    Outcome,
    QuarantinedVersion,
)
from pacsd.index.releasing import release
from tests.index.made import BOUNDS, added, new, outcomes, rows

CONFLICT, KNOWN, FULL = Outcome.CONFLICT, Outcome.CONFLICT_KNOWN, Outcome.CONFLICT_FULL


def test_a_version_is_kept_once(desk: WriterDesk) -> None:
    first, *again = added(
        desk,
        new("1.1"),
        new("1.1", content=b"b"),
        new("1.1", content=b"b"),
        new("1.1", content=b"c"),
    )
    assert first.outcome is Outcome.STORED
    assert outcomes(again) == [CONFLICT, KNOWN, CONFLICT]
    assert [verdict.keeps_file for verdict in again] == [True, False, True]
    assert again[0].quarantined == again[1].quarantined != again[2].quarantined


def test_where_a_version_lies_is_told_when_it_is_new_and_when_it_is_known(
    desk: WriterDesk,
) -> None:
    stored, version, again = new("1.1"), new("1.1", content=b"b"), new("1.1", content=b"b")
    version = replace(version, transfer_syntax_uid="1.2.840.10008.1.2.2")
    for verdict in added(desk, stored, version, again)[1:]:
        assert verdict.existing is not None
        assert verdict.existing.location == stored.copy.location
        assert verdict.version == Copy(
            verdict.existing.instance,
            version.copy.location,
            version.copy.data_set_bytes,
            version.copy.sha256,
            version.transfer_syntax_uid,
            CopyState.OK,
            0,
        )


def test_a_version_from_the_very_same_file_keeps_the_file(desk: WriterDesk) -> None:
    added(desk, new("1.1"), new("1.1", content=b"b", key="q.dcm"))
    (verdict,) = added(desk, new("1.1", content=b"b", key="q.dcm"))
    assert (verdict.outcome, verdict.keeps_file) == (KNOWN, True)


def test_quarantine_takes_so_many_versions_of_one_instance(desk: WriterDesk) -> None:
    bounds = QuarantineBounds(versions=10, versions_per_instance=2)
    added(desk, new("1.1"), new("1.2"))
    versions = [new("1.1", content=content) for content in (b"b", b"c", b"d", b"b")]
    verdicts = added(desk, *versions, new("1.2", content=b"e"), bounds=bounds)
    assert outcomes(verdicts) == [CONFLICT, CONFLICT, FULL, KNOWN, CONFLICT]
    assert verdicts[2].keeps_file is False
    assert verdicts[2].existing is not None
    assert verdicts[2].version is None


def test_quarantine_takes_so_many_versions(desk: WriterDesk) -> None:
    bounds = QuarantineBounds(versions=2)
    added(desk, *(new(f"1.{number}") for number in range(3)))
    versions = [new(f"1.{number}", content=b"other") for number in range(3)]
    assert outcomes(added(desk, *versions, bounds=bounds)) == [CONFLICT, CONFLICT, FULL]
    desk.perform(lambda session: session.forget())
    assert outcomes(added(desk, *versions, bounds=bounds)) == [KNOWN, KNOWN, FULL]
    assert rows(desk, "SELECT count(*) FROM quarantine") == [(2,)]


def test_a_version_is_written_down_as_it_came(desk: WriterDesk) -> None:
    version = new(
        "1.1", content=b"b", study="9", patient_id="P9", attributes={0x00100010: "Roe^Ann"}
    )
    added(desk, new("1.1"), version)
    assert rows(
        desk, "SELECT study_instance_uid, patient_id, attributes, sha256 FROM quarantine"
    ) == [("9", "P9", '{"00100010":"Roe^Ann"}', version.copy.sha256)]


HOLD, SUSPECT = (Aside(kind, "orders", "why") for kind in AsideKind)


def test_what_is_set_aside_is_kept_without_being_an_instance(desk: WriterDesk) -> None:
    held, suspect = added(desk, replace(new("1.1"), aside=HOLD), replace(new("1.2"), aside=SUSPECT))
    assert outcomes([held, suspect]) == [Outcome.WAITING, Outcome.SUSPECT]
    assert held.keeps_file
    assert suspect.keeps_file
    assert rows(desk, "SELECT count(*) FROM instance") == [(0,)]
    assert rows(desk, "SELECT count(*) FROM study") == [(0,)]
    assert rows(desk, "SELECT aside, aside_by, aside_because FROM quarantine") == [
        ("hold", "orders", "why"),
        ("quarantine", "orders", "why"),
    ]
    assert rows(desk, "SELECT kind, quarantine_row FROM change") == [
        (ChangeKind.QUARANTINED, held.quarantined),
        (ChangeKind.QUARANTINED, suspect.quarantined),
    ]


def test_what_is_set_aside_comes_in_by_no_other_way(desk: WriterDesk) -> None:
    same_file = replace(new("1.1", key="a.dcm"), aside=HOLD)
    (first,) = added(desk, same_file)
    again = added(desk, same_file, new("1.1"), replace(new("1.1"), aside=SUSPECT))
    assert outcomes(again) == [Outcome.ASIDE_KNOWN] * 3
    assert [each.keeps_file for each in again] == [True, False, False]
    assert {each.quarantined for each in again} == {first.quarantined}


def test_whoever_has_the_uid_stays(desk: WriterDesk) -> None:
    added(desk, new("1.1"))
    verdicts = added(
        desk, replace(new("1.1"), aside=HOLD), replace(new("1.1", content=b"b"), aside=HOLD)
    )
    assert outcomes(verdicts) == [Outcome.DUPLICATE, CONFLICT]


def test_a_full_quarantine_takes_nothing_that_is_set_aside(desk: WriterDesk) -> None:
    bounds = QuarantineBounds(versions=1)
    group = [replace(new(uid), aside=HOLD) for uid in ("1.1", "1.2")]
    verdicts = added(desk, *group, bounds=bounds)
    assert outcomes(verdicts) == [Outcome.WAITING, Outcome.ASIDE_FULL]
    assert not verdicts[1].keeps_file


def test_what_is_set_aside_is_counted(desk: WriterDesk) -> None:
    def count() -> int:
        return desk.perform(lambda session: set_aside_in(session, 1))

    added(desk, new("1.1"), new("1.1", content=b"b"))
    assert count() == 0
    added(desk, replace(new("1.2"), aside=HOLD), replace(new("1.3"), aside=SUSPECT))
    assert count() == 2
    [version, *_] = rows(desk, "SELECT id FROM quarantine WHERE sop_instance_uid = '1.2'")
    held = QuarantinedVersion(int(str(version[0])), new("1.2"))
    desk.perform(lambda session: release(session, held, BOUNDS))
    assert count() == 1
