from pacsd.testing.hook_records import (
    association_closed,
    association_request,
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
