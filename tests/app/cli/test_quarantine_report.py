from dataclasses import replace

from pacsd.app.admin.quarantine_records import (
    HeldSummary,
    ReleasedAnswer,
    VersionDetail,
    VersionSummary,
)
from pacsd.app.cli.quarantine_report import (
    came_from,
    describe_detail,
    describe_held,
    describe_patient,
    describe_released,
    describe_version,
    warn_of_release,
)
from pacsd.app.cli.with_daemon import local_time
from pacsd.index.records import NamedPatient

UID = "1.2.826." + "1" * 56
VERSION = VersionSummary(
    number=7,
    received_at=1.7e9,
    calling_ae="CT1",
    called_ae="PACSD",
    peer_address="192.0.2.7",
    sop_class="CT Image Storage",
    transfer_syntax="Explicit VR Little Endian",
    sop_instance_uid=UID,
    study_instance_uid=UID,
    series_instance_uid=UID,
    size_bytes=1_234_567,
    why="another data set has its UID, of another patient",
    origin="dimse",
)
DOE, ROE = NamedPatient("P1", "", "Doe^John"), NamedPatient("P2", "HOSPITAL", "Roe^\x1bJane")
HELD = HeldSummary(
    number=9,
    received_at=1.7e9,
    calling_ae="",
    called_ae="",
    peer_address="",
    origin="import",
    sop_class="CT Image Storage",
    sop_instance_uid=UID,
    study_instance_uid="1.2.3",
    series_instance_uid="1.2.3.1",
    size_bytes=1_000,
    patient=ROE,
    study_patient=DOE,
)
DETAIL = VersionDetail(
    VERSION, "P2", "HOSPITAL", "bb" * 32, "1/1.dcm", {"PatientName": "Roe^Jane"}, None
)


def test_a_version_is_a_block_in_which_no_uid_is_broken() -> None:
    assert [*describe_version(VERSION)] == [
        "version 7: another data set has its UID, of another patient",
        f"  received {local_time(1.7e9)} from CT1 to PACSD at 192.0.2.7",
        "  CT Image Storage, Explicit VR Little Endian, 1,234,567 bytes",
        f"  SOP Instance UID {UID}",
        f"  Study Instance UID {UID}",
    ]


def test_a_held_instance_names_both_patients() -> None:
    assert [*describe_held(HELD)] == [
        "instance 9: names another patient than its study has",
        "  names the patient P2, issued by HOSPITAL, Roe^?Jane",
        "  its study is of P1, Doe^John",
        f"  received {local_time(1.7e9)} from import",
        "  CT Image Storage, 1,000 bytes",
        f"  SOP Instance UID {UID}",
        "  Study Instance UID 1.2.3",
        "  Series Instance UID 1.2.3.1",
    ]
    unknown = [*describe_held(replace(HELD, study_patient=None))]
    assert unknown[2] == "  its study is of a patient that is not known here"


def test_from_whom() -> None:
    assert came_from(replace(VERSION, calling_ae="", called_ae="", origin="import")) == "import"
    assert came_from(replace(HELD, origin="")) == "nobody knows whom"


def test_a_patient_without_an_id() -> None:
    assert describe_patient(NamedPatient("", "", "Doe^John")) == "without a Patient ID, Doe^John"
    assert describe_patient(NamedPatient("P1", "", "")) == "P1"


def test_a_version_that_would_be_held_says_so_before() -> None:
    assert not [line for line in describe_detail(DETAIL) if "neither" in line]
    detail = replace(DETAIL, study_patient=DOE, would_be_held=True)
    warning = [*warn_of_release(detail)]
    assert warning == [
        "version 7 names another patient than its study has:",
        "  it names P2, issued by HOSPITAL, Roe^Jane",
        "  its study is of P1, Doe^John",
        (
            "released, it will be held, and what is stored now goes to quarantine: "
            "then neither is shown"
        ),
    ]
    assert [*describe_detail(detail)][-4:] == warning


def test_what_a_released_version_has_become() -> None:
    assert [*describe_released(7, ReleasedAnswer("1.2.4", "live"))] == [
        "version 7 is 1.2.4 now, live"
    ]
    assert [*describe_released(7, ReleasedAnswer("1.2.4", "live", 868))] == [
        "version 7 is 1.2.4 now, live",
        "what was stored is version 868 now",
    ]
    assert [*describe_released(7, ReleasedAnswer("1.2.4", "held", 868))] == [
        "version 7 is 1.2.4 now, held: it is not shown",
        (
            "what was stored is version 868 now, and not shown either; "
            "to undo this: pacsd quarantine release 868"
        ),
    ]
