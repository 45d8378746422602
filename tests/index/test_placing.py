import pytest

from pacsd.index.desks import WriterDesk
from pacsd.index.placing import NOWHERE, find_or_make_place, known_place, patient_key
from pacsd.index.records import NewInstance
from pacsd.index.session import Place
from tests.index.made import new, rows


def placed(desk: WriterDesk, brought: NewInstance, *, is_remembered: bool = False) -> Place:
    if not is_remembered:
        desk.perform(lambda session: session.forget())
    return desk.perform(
        lambda session: known_place(session, brought) or find_or_make_place(session, brought)
    )


@pytest.mark.parametrize("is_remembered", [True, False])
def test_instances_of_a_series_share_their_place(desk: WriterDesk, is_remembered: bool) -> None:
    first = placed(desk, new("1.1"))
    assert placed(desk, new("1.2"), is_remembered=is_remembered) == first
    assert rows(desk, "SELECT count(*) FROM series") == [(1,)]


def test_a_study_has_many_series_and_a_patient_many_studies(desk: WriterDesk) -> None:
    first, second, other = (
        placed(desk, new(study="1", series="1.1")),
        placed(desk, new(study="1", series="1.2")),
        placed(desk, new(study="2", series="2.1")),
    )
    assert first.study == second.study != other.study
    assert len({first.series, second.series, other.series}) == 3
    assert rows(desk, "SELECT count(*) FROM patient") == [(1,)]


def test_the_first_instance_s_values_win(desk: WriterDesk) -> None:
    placed(
        desk, new("1.1", attributes={0x00100010: "Doe^Jane", 0x00080050: "A1", 0x00080060: "CT"})
    )
    placed(desk, new("1.2", attributes={0x00100010: "Roe^Ann", 0x00080050: "A2", 0x00080060: "MR"}))
    assert rows(
        desk,
        "SELECT patient_name, accession_number, modality FROM patient, study, series",
    ) == [("Doe^Jane", "A1", "CT")]


@pytest.mark.parametrize("other", [("P2", ""), ("P1", "HOSPITAL"), ("", ""), ("p1", "")], ids=str)
@pytest.mark.parametrize("is_remembered", [True, False])
def test_another_patient_of_a_known_study_has_no_place(
    desk: WriterDesk, other: tuple[str, str], is_remembered: bool
) -> None:
    placed(desk, new("1.1"))
    held = new("1.2", patient_id=other[0], issuer=other[1])
    assert placed(desk, held, is_remembered=is_remembered) is NOWHERE
    assert placed(desk, held, is_remembered=True) is NOWHERE
    assert rows(desk, "SELECT count(*) FROM patient") == [(1,)]


def test_an_empty_patient_id_matches_nothing(desk: WriterDesk) -> None:
    placed(desk, new(study="1", series="1.1", patient_id="", issuer="HOSPITAL"))
    placed(desk, new(study="2", series="2.1", patient_id=""))
    assert rows(desk, "SELECT of_study FROM patient ORDER BY of_study") == [("1",), ("2",)]


def test_a_study_without_patient_id_goes_on(desk: WriterDesk) -> None:
    first = placed(desk, new("1.1", patient_id="", issuer="HOSPITAL"))
    assert placed(desk, new("1.2", patient_id="")) == first


def test_a_patient_merged_into_another_is_that_one(desk: WriterDesk) -> None:
    placed(desk, new(study="1", series="1.1", patient_id="OLD"))
    placed(desk, new(study="2", series="2.1", patient_id="NEW"))
    merged = (
        "UPDATE patient SET merged_into = (SELECT id FROM patient WHERE patient_id = 'NEW') "
        "WHERE patient_id = 'OLD'"
    )
    desk.perform(lambda session: session.connection.exec_driver_sql(merged))
    assert placed(desk, new("1.9", study="2", series="2.1", patient_id="OLD")) is not NOWHERE
    assert placed(desk, new("1.8", study="1", series="1.1", patient_id="NEW")) is not NOWHERE
    placed(desk, new("1.7", study="3", series="3.1", patient_id="OLD"))
    assert rows(
        desk,
        "SELECT patient.patient_id FROM study JOIN patient ON patient.id = study.patient_row "
        "WHERE study_instance_uid = '3'",
    ) == [("NEW",)]


def test_a_circle_of_merges_ends(desk: WriterDesk) -> None:
    placed(desk, new(study="1", series="1.1"))
    desk.perform(
        lambda session: session.connection.exec_driver_sql("UPDATE patient SET merged_into = id")
    )
    assert placed(desk, new("1.2", study="1", series="1.1")) is not NOWHERE


def test_ids_that_cannot_be_stored_stay_apart(desk: WriterDesk) -> None:
    placed(desk, new(study="1", patient_id="P\0"))
    placed(desk, new(study="2", patient_id="P\ud800"))
    assert rows(desk, "SELECT count(*) FROM patient") == [(2,)]


def test_an_issuer_alone_names_nobody() -> None:
    assert patient_key(new(study="1.2", patient_id="", issuer="HOSPITAL")) == ("", "", "1.2")


def test_partitions_know_nothing_of_each_other(desk: WriterDesk) -> None:
    desk.perform(
        lambda session: session.connection.exec_driver_sql("INSERT INTO partition VALUES (2, 'b')")
    )
    first, second = placed(desk, new(partition=1)), placed(desk, new(partition=2, patient_id="X"))
    assert None not in {first.study, second.study}
    assert first.study != second.study
