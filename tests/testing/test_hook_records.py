from pacsd.api.events import EventKind
from pacsd.testing.hook_records import (
    access_request,
    association_closed,
    association_request,
    event_subject,
    login,
    query_results,
    received_instance,
    removal_request,
)


def test_fields_can_be_others() -> None:
    assert association_request(calling_ae="MR1").calling_ae == "MR1"
    assert association_closed(outcome="aborted by us").outcome == "aborted by us"
    assert removal_request(actor="root").actor == "root"


def test_an_instance_is_that_of_its_attributes() -> None:
    instance = received_instance({"PatientID": "P2", "Modality": ""}, calling_ae="MR1")
    assert (instance.patient_id, instance.attributes["PatientID"]) == ("P2", "P2")
    assert "Modality" not in instance.attributes
    assert (instance.study_instance_uid, instance.sop_instance_uid) == ("1.2.3", "1.2.3.4")
    assert (instance.reception.calling_ae, instance.reception.origin) == ("MR1", "dimse")


def test_what_was_found_was_asked_for() -> None:
    results = query_results({"StudyID": "1"}, {"StudyID": "2", "StudyDate": ""}, peer_host="h")
    assert results.asked == ("StudyID", "StudyDate")
    assert (results.level, results.peer_host, len(results.matches)) == ("STUDY", "h", 2)


def test_logins_and_requests_are_made_with_other_fields() -> None:
    shown = login("ann:x", scheme="basic")
    assert (shown.secret, shown.scheme) == ("ann:x", "basic")
    assert access_request(study_instance_uid="").study_instance_uid == ""


def test_what_is_to_be_routed_names_what_it_is_about() -> None:
    study = event_subject({"Modality": "MR"}, called_ae="STROKE")
    assert (study.event.study_instance_uid, study.event.series_instance_uid) == ("1.2.3", "")
    assert study.attributes["ModalitiesInStudy"] == "MR"
    assert study.reception.called_ae == "STROKE"
    series = event_subject(kind=EventKind.SERIES_QUIET)
    assert (series.event.series_instance_uid, series.event.sop_instance_uid) == ("1.2.3.1", "")
    instance = event_subject(kind=EventKind.INSTANCE_STORED)
    assert instance.event.sop_instance_uid == "1.2.3.4"
    assert instance.attributes["Modality"] == "CT"
