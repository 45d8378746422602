import pytest

from pacsd.api.correction_rules import (
    MAX_CHARACTERS,
    MAX_REASON_CHARACTERS,
    NotCorrectable,
    check_correctable,
    check_correction,
    check_reason,
    level_of_correction,
)
from pacsd.dicom.dictionary import tag_of
from pacsd.dicom.level import Level


def tag(keyword: str) -> int:
    found = tag_of(keyword)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("level", "keyword", "value"),
    [
        (Level.STUDY, "PatientName", "Müller^Eva=山田"),
        (Level.STUDY, "PatientName", ""),
        (Level.STUDY, "PatientName", "a^b^c^d^e=a^b^c^d^e=a^b^c^d^e"),
        (Level.STUDY, "StudyDescription", "山田\u3000太郎"),
        (Level.STUDY, "StudyDescription", "a\u00a0b"),
        (Level.STUDY, "StudyDate", "20260131"),
        (Level.STUDY, "OtherPatientIDs", "1\\2"),
        (Level.STUDY, "PatientComments", "one\r\ntwo \\ three"),
        (Level.SERIES, "Modality", "MR"),
        (Level.INSTANCE, "ImageComments", "none"),
        (Level.INSTANCE, "InstanceNumber", "7"),
        (Level.INSTANCE, "InstanceNumber", ""),
        (Level.INSTANCE, "ImageType", "DERIVED\\SECONDARY\\OTHER"),
        (Level.INSTANCE, "ImageOrientationPatient", "1\\0\\0\\0\\1\\0"),
        (Level.INSTANCE, "PatientOrientation", ""),
        (Level.INSTANCE, "PatientOrientation", "L\\"),
        (Level.INSTANCE, "ShutterShape", "CIRCULAR\\POLYGONAL"),
        (Level.INSTANCE, "VerticesOfThePolygonalShutter", "1\\2\\3\\4"),
    ],
)
def test_what_may_be_corrected(level: Level, keyword: str, value: str) -> None:
    check_correction(level, tag(keyword), value)
    assert level_of_correction(tag(keyword)) is level


@pytest.mark.parametrize(
    ("level", "keyword", "value", "rule"),
    [
        (Level.STUDY, "StudyInstanceUID", "1.2", r"StudyInstanceUID \(0020,000D\): UIDs"),
        (Level.INSTANCE, "SOPClassUID", "1.2", "UIDs are not corrected"),
        (Level.STUDY, "PatientID", "P2", "another patient"),
        (Level.STUDY, "IssuerOfPatientID", "H", "another patient"),
        (Level.STUDY, "OtherPatientIDsSequence", "", "sequences"),
        (Level.INSTANCE, "SpecificCharacterSet", "ISO_IR 192", "none of a stored data set"),
        (Level.INSTANCE, "ModalitiesInStudy", "CT", "none of a stored data set"),
        (Level.INSTANCE, "NumberOfStudyRelatedSeries", "1", "none of a stored data set"),
        (Level.INSTANCE, "TimezoneOffsetFromUTC", "+0100", "times"),
        (Level.INSTANCE, "PhotometricInterpretation", "RGB", "description of pixels"),
        (Level.INSTANCE, "NumberOfFrames", "1", "description of pixels"),
        (Level.INSTANCE, "PixelData", "", "before Original Attributes"),
        (Level.INSTANCE, "StructureSetLabel", "x", "before Original Attributes"),
        (Level.INSTANCE, "ReasonForTheAttributeModification", "x", "digital signature"),
        (Level.INSTANCE, "EchoTime", "x", "VR DS: value-format"),
        (Level.INSTANCE, "DiffusionBValue", "1", "VR FD is none"),
        (Level.SERIES, "PatientName", "x", "it belongs to the study, not to the series"),
        (Level.STUDY, "Modality", "MR", "it belongs to the series, not to the study"),
        (Level.STUDY, "PatientName", "a\nb", "not printable"),
        (Level.STUDY, "PatientComments", "a\x1b(B", "not printable"),
        (Level.STUDY, "PatientComments", "a\ud800", "not Unicode|not printable"),
        (Level.STUDY, "StudyDate", "1.2.2026", "value-format"),
        (Level.STUDY, "AccessionNumber", "x" * 17, "value-too-long"),
        (Level.STUDY, "AccessionNumber", "1\\2", "a backslash separates"),
        (Level.STUDY, "AccessionNumber", "1 ", "spaces .*: leave them out"),
        (Level.STUDY, "PatientName", "a\u2028b", "not printable"),
        (Level.STUDY, "PatientName", "a\u200bb", "not printable"),
        (Level.STUDY, "PatientName", "a=b=c=d", "3 component groups of 5 components"),
        (Level.STUDY, "OtherPatientNames", "a\\b^^^^^c", "3 component groups of 5 components"),
        (Level.SERIES, "Modality", "", "it must have a value"),
        (Level.INSTANCE, "ImageType", "", "it must have a value"),
        (Level.INSTANCE, "ImageType", "ORIGINAL", "it has 2-n values"),
        (Level.INSTANCE, "ImagePositionPatient", "", "it must have a value"),
        (Level.INSTANCE, "ImagePositionPatient", "1", "it has 3 values"),
        (Level.INSTANCE, "ImagePositionPatient", "1\\\\3", "each of its 3 values must be given"),
        (Level.INSTANCE, "ShutterShape", "CIRCULAR\\POLYGONAL\\BITMAP\\X", "it has 1-3 values"),
        (Level.INSTANCE, "VerticesOfThePolygonalShutter", "1\\2\\3", "it has 2-2n values"),
        (Level.STUDY, "PatientComments", "x" * (MAX_CHARACTERS + 1), "longer than"),
    ],
)
def test_what_may_not_is_named_with_its_rule_but_not_the_value(
    level: Level, keyword: str, value: str, rule: str
) -> None:
    with pytest.raises(NotCorrectable, match=rule):
        check_correction(level, tag(keyword), value)


@pytest.mark.parametrize("asked", [0x00091001, 0x00100000, 0x00020010])
def test_what_the_dictionary_does_not_have(asked: int) -> None:
    with pytest.raises(NotCorrectable):
        check_correction(Level.INSTANCE, asked, "x")


@pytest.mark.parametrize(
    "keyword",
    [
        "Modality",
        "ImageType",
        "ConversionType",
        "CompletionFlag",
        "VerificationFlag",
        "ValueType",
        "MIMETypeOfEncapsulatedDocument",
    ],
)
def test_of_type_1_it_must_have_a_value(keyword: str) -> None:
    with pytest.raises(NotCorrectable, match="it must have a value"):
        check_correction(level_of_correction(tag(keyword)), tag(keyword), "")


def test_a_reason_must_be_given() -> None:
    check_reason("a typing error")
    check_reason("山田\u3000太郎")
    for reason in ("", " ", "a\nb", "x" * (MAX_REASON_CHARACTERS + 1)):
        with pytest.raises(NotCorrectable, match="a reason must be given"):
            check_reason(reason)


def test_an_attribute_may_be_corrected_at_all_or_not() -> None:
    check_correctable(tag("InstitutionName"))
    for keyword in ("PatientID", "StudyInstanceUID", "PixelData", "ContentSequence"):
        with pytest.raises(NotCorrectable, match=keyword):
            check_correctable(tag(keyword))
