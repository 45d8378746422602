from pacsd_coerce.profile import OPTIONS, Action, basic_action, profile_with

from pacsd.dicom.dictionary import data_element, vr_of
from tests.coerced_trees import tag


def test_the_basic_profile_by_examples_of_the_table() -> None:
    for keyword, action in {
        "PatientName": Action.EMPTY,
        "PatientID": Action.DUMMY,
        "PatientComments": Action.REMOVE,
        "SOPInstanceUID": Action.UID,
        "StudyDate": Action.EMPTY,
        "ContentSequence": Action.DUMMY,
        "OriginalAttributesSequence": Action.REMOVE,
        "DigitalSignaturesSequence": Action.REMOVE,
        "ReferencedImageSequence": Action.KEEP,
        "Modality": Action.KEEP,
        "PixelData": Action.KEEP,
    }.items():
        assert basic_action(tag(keyword)) is action, keyword
    assert basic_action(0x00291010) is Action.REMOVE


def test_options_by_examples_of_the_table() -> None:
    for option, keyword, action in [
        ("retain-uids", "SOPInstanceUID", Action.KEEP),
        ("retain-device", "StationName", Action.KEEP),
        ("retain-institution", "InstitutionName", Action.KEEP),
        ("retain-patient-characteristics", "PatientAge", Action.KEEP),
        ("retain-patient-characteristics", "Allergies", Action.CLEAN_TEXT),
        ("full-dates", "StudyDate", Action.KEEP),
        ("modified-dates", "StudyDate", Action.SHIFT),
        ("clean-descriptors", "StudyDescription", Action.CLEAN_TEXT),
    ]:
        assert profile_with([option]).action(tag(keyword)) is action, keyword
        assert profile_with([]).action(tag(keyword)) not in {Action.KEEP, Action.CLEAN_TEXT}


def test_no_option_keeps_who_it_is() -> None:
    every = profile_with(OPTIONS)
    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "OtherPatientIDs",
                    "AccessionNumber", "PatientAddress", "ReferringPhysicianName"):  # fmt: skip
        assert every.action(tag(keyword)) not in {Action.KEEP, Action.SHIFT}, keyword


def test_the_table_is_of_attributes_that_there_are_and_whole() -> None:
    actions = profile_with([]).actions
    assert len(actions) == 652
    unknown = [each for each in actions if data_element(each) is None]
    assert len(unknown) < 40  # of an edition later than our dictionary: what it lacks goes anyway
    dates = [each for each, action in actions.items() if vr_of(each) in {"DA", "DT"}]
    assert len(dates) > 100
