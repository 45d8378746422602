from dataclasses import replace

import pytest

from pacsd.dicom.level import Level
from pacsd.index import correcting
from pacsd.index.correcting import correct, is_corrected, owners
from pacsd.index.desks import WriterDesk
from pacsd.index.overlay_records import Correction
from pacsd.index.records import ChangeKind, NewInstance, Outcome, QuarantinedVersion, Scope
from pacsd.index.releasing import release
from tests.index.made import BOUNDS, SCOPE, added, new, rows

NAME, STUDY_DATE, MODALITY, COMMENTS, NUMBER = (
    0x00100010, 0x00080020, 0x00080060, 0x00204000, 0x00200013,
)  # fmt: skip
ATTRIBUTES = {NAME: "Doe^Jon", STUDY_DATE: "20260101", MODALITY: "CT", NUMBER: "7"}


def stored(uid: str = "1.1", study: str = "1.2", content: bytes = b"a") -> NewInstance:
    return new(uid, study=study, series=f"{study}.1", attributes=ATTRIBUTES, content=content)


def correction(level: Level, uid: str, tag: int, value: str, sha256: bytes = b"") -> Correction:
    return Correction(level, uid, tag, value, "admin", "a typing error", 7, sha256)


def done(desk: WriterDesk, *corrections: Correction, scope: Scope = SCOPE) -> list[str | None]:
    """The old values of what was corrected."""
    found = desk.perform(lambda session: correct(scope, corrections, session))
    return [each.overlay.old_value for each in found]


def test_a_name_is_corrected_for_its_patient_as_it_is_searched(desk: WriterDesk) -> None:
    added(desk, stored("1.1", "1.2"), stored("2.1", "2.2"))
    assert done(desk, correction(Level.STUDY, "1.2", NAME, "Müller^Eva")) == ["Doe^Jon"]
    assert rows(desk, "SELECT patient_name, patient_name_folded FROM patient") == [
        ("Müller^Eva", "muller^eva")
    ]
    assert rows(desk, "SELECT patient_name_sounds FROM patient") != [(None,)]
    assert rows(desk, "SELECT level, old_value, new_value, actor, reason, at_us FROM overlay") == [
        (Level.PATIENT, "Doe^Jon", "Müller^Eva", "admin", "a typing error", 7)
    ]


def test_each_level_has_its_own(desk: WriterDesk) -> None:
    new_instance = stored()
    added(desk, new_instance)
    sha256 = new_instance.copy.sha256
    corrections = (
        correction(Level.STUDY, "1.2", STUDY_DATE, "20260201"),
        correction(Level.SERIES, "1.2.1", MODALITY, "MR"),
        correction(Level.INSTANCE, "1.1", NUMBER, "8", sha256),
        correction(Level.INSTANCE, "1.1", COMMENTS, "none", sha256),
    )
    assert done(desk, *corrections) == ["20260101", "CT", "7", None]
    assert rows(desk, "SELECT study_date FROM study") == [("20260201",)]
    assert rows(desk, "SELECT modality FROM series") == [("MR",)]
    assert rows(desk, "SELECT instance_number FROM instance") == [(8,)]


def test_what_the_last_one_said_is_not_said_again(desk: WriterDesk) -> None:
    added(desk, stored())
    once = correction(Level.STUDY, "1.2", STUDY_DATE, "20260201")
    assert done(desk, once) == ["20260101"]
    assert done(desk, once) == []
    assert done(desk, correction(Level.STUDY, "1.2", STUDY_DATE, "")) == ["20260201"]
    assert rows(desk, "SELECT study_date FROM study") == [(None,)]
    assert rows(desk, "SELECT old_value, new_value FROM overlay ORDER BY id") == [
        ("20260101", "20260201"),
        ("20260201", ""),
    ]


def test_what_is_not_there_is_not_corrected(desk: WriterDesk) -> None:
    added(desk, stored())
    for each in (
        correction(Level.STUDY, "9", STUDY_DATE, "20260201"),
        correction(Level.SERIES, "9", MODALITY, "MR"),
        correction(Level.INSTANCE, "1.1", COMMENTS, "x", b"another data set"),
    ):
        assert done(desk, each) == []
    hidden = Scope(1, frozenset({"another"}))
    assert done(desk, correction(Level.STUDY, "1.2", STUDY_DATE, "1"), scope=hidden) == []
    assert rows(desk, "SELECT count(*) FROM overlay") == [(0,)]


def test_a_series_that_is_in_two_studies_is_not_guessed_at(desk: WriterDesk) -> None:
    added(desk, new("1.1", study="1", series="5"), new("2.1", study="2", series="5"))
    found = desk.perform(lambda each: owners(SCOPE, Level.SERIES, "5", each.connection))
    assert len(found) == 2
    assert done(desk, correction(Level.SERIES, "5", MODALITY, "MR")) == []


def test_a_held_instance_hangs_in_nothing_but_is_corrected(desk: WriterDesk) -> None:
    added(desk, new("1.1"))
    held = new("1.2", patient_id="SOMEBODY-ELSE", content=b"b")
    assert [each.outcome for each in added(desk, held)] == [Outcome.HELD]
    asked = correction(Level.INSTANCE, "1.2", NUMBER, "3", held.copy.sha256)
    assert done(desk, asked) == [""]


def test_it_is_told_to_the_change_log_and_audited_without_values(desk: WriterDesk) -> None:
    added(desk, stored())
    done(desk, correction(Level.STUDY, "1.2", NAME, "Roe"))
    kind = ChangeKind.CORRECTED.value
    sql = f"SELECT study_row IS NULL, series_row FROM change WHERE kind = {kind}"  # noqa: S608
    assert rows(desk, sql) == [(0, None)]
    audited = "SELECT actor, action, study_instance_uid, detail FROM audit WHERE action = 'correct'"
    assert rows(desk, audited) == [("admin", "correct", "1.2", "PatientName of 1.2")]


CHANGED = f"""
    SELECT study_instance_uid FROM change LEFT JOIN study ON change.study_row = study.id
    WHERE change.kind = {ChangeKind.CORRECTED.value} ORDER BY change.id
"""  # noqa: S608
AUDITED = "SELECT study_instance_uid, detail FROM audit WHERE action = 'correct'"


def test_what_is_of_a_patient_is_told_of_each_of_its_studies(desk: WriterDesk) -> None:
    added(desk, stored("1.1", "1"), stored("2.1", "2"), stored("3.1", "3"))
    added(desk, new("4.1", study="4", patient_id="SOMEBODY-ELSE"))
    done(desk, correction(Level.STUDY, "2", NAME, "Roe"))
    assert rows(desk, CHANGED) == [("2",), ("1",), ("3",)]
    assert rows(desk, AUDITED) == [(uid, "PatientName of 2") for uid in ("2", "1", "3")]
    done(desk, correction(Level.STUDY, "2", STUDY_DATE, "20260201"))
    assert rows(desk, AUDITED)[3:] == [("2", "StudyDate of 2")]


def test_of_too_many_studies_some_are_told_together(
    desk: WriterDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(correcting, "MAX_STUDIES_TOLD", 1)
    added(desk, *(stored(f"{study}.1", f"{study}") for study in range(1, 5)))
    done(desk, correction(Level.STUDY, "1", NAME, "Roe"))
    assert rows(desk, CHANGED) == [("1",), ("2",), (None,)]
    assert rows(desk, AUDITED) == [
        ("1", "PatientName of 1"),
        ("2", "PatientName of 1"),
        ("", "PatientName of 1, and 2 more studies"),
    ]


def test_what_goes_to_quarantine_is_as_it_came(desk: WriterDesk) -> None:
    first, second = stored(), stored(content=b"b")
    added(desk, first, second)
    sha256 = first.copy.sha256
    done(
        desk,
        correction(Level.INSTANCE, "1.1", NUMBER, "8", sha256),
        correction(Level.STUDY, "1.2", STUDY_DATE, "20260201"),
        correction(Level.STUDY, "1.2", STUDY_DATE, "20260301"),
    )
    version = rows(desk, "SELECT id FROM quarantine")[0][0]
    assert isinstance(version, int)
    desk.perform(lambda each: release(each, QuarantinedVersion(version, second), BOUNDS))
    [(packed,)] = rows(desk, "SELECT attributes FROM quarantine")
    assert '"00200013":"7"' in str(packed)
    assert '"00080020":"20260101"' in str(packed)
    assert rows(desk, "SELECT instance_number, study_date FROM instance, study") == [
        (7, "20260301")
    ]
    assert rows(desk, "SELECT count(*) FROM overlay WHERE level = 4") == [(0,)]


def coerced(uid: str, sha256: bytes, tag: int, value: str) -> Correction:
    return Correction(Level.INSTANCE, uid, tag, value, "tidy", "by its AE title", 7, sha256)


def test_what_comes_in_coerced_undoes_nothing(desk: WriterDesk) -> None:
    first, second = stored("1.1"), stored("1.2", content=b"b")
    coercions = [
        (coerced(each.sop_instance_uid, each.copy.sha256, MODALITY, value),)
        for each, value in ((first, "MR"), (second, "US"))
    ]
    added(desk, replace(first, coercions=coercions[0]))
    assert rows(desk, "SELECT modality FROM series") == [("MR",)]
    done(desk, correction(Level.SERIES, "1.2.1", MODALITY, "PT"))
    added(desk, replace(second, coercions=coercions[1]))
    assert rows(desk, "SELECT modality FROM series") == [("PT",)]
    assert rows(desk, "SELECT actor FROM audit WHERE action = 'correct'") == [("tidy",), ("admin",)]


def test_of_an_instance_alone_the_change_log_knows_enough(desk: WriterDesk) -> None:
    new_instance = stored()
    sha256 = new_instance.copy.sha256
    added(desk, replace(new_instance, coercions=(coerced("1.1", sha256, NUMBER, "8"),)))
    assert rows(desk, "SELECT instance_number FROM instance") == [(8,)]
    assert rows(desk, "SELECT kind FROM change") == [(ChangeKind.STORED,)]


def test_a_conflict_coerces_nothing(desk: WriterDesk) -> None:
    added(desk, stored())
    version = stored(content=b"b")
    coercion = coerced("1.1", version.copy.sha256, MODALITY, "MR")
    added(desk, replace(version, coercions=(coercion,)))
    assert rows(desk, "SELECT modality FROM series") == [("CT",)]


def test_whether_something_lies_over_a_place(desk: WriterDesk) -> None:
    added(desk, stored("1.1", "1.2"), stored("2.1", "2.2", content=b"b"))
    done(
        desk,
        correction(Level.SERIES, "1.2.1", MODALITY, "MR"),
        correction(Level.STUDY, "1.2", STUDY_DATE, "20260201"),
    )

    def is_so(study: str, tag: int) -> bool:
        return desk.perform(
            lambda session: is_corrected(SCOPE, study, f"{study}.1", tag, session.connection)
        )

    assert [is_so("1.2", tag) for tag in (MODALITY, STUDY_DATE, NAME, NUMBER)] == [
        True, True, False, False,
    ]  # fmt: skip
    assert not is_so("2.2", MODALITY)
    done(desk, correction(Level.STUDY, "2.2", NAME, "Roe"))
    assert is_so("1.2", NAME)
