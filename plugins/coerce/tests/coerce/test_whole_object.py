import tempfile
from datetime import UTC, datetime
from io import BytesIO

import pydicom
import pytest
from pacsd_coerce.deidentify import Deidentification
from pacsd_coerce.errors import NotCoerced
from pacsd_coerce.keyed import Keyed
from pacsd_coerce.text_steps import Put
from pacsd_coerce.whole_object import (
    Deidentified,
    ObjectStep,
    OfText,
    OtherCharacterSet,
    OtherUids,
    WholeObject,
)
from pydicom.dataset import FileDataset

from pacsd.dicom.charset import character_set, encode_text
from pacsd.testing.objects import dicom_file
from tests.coerced_trees import tag
from tests.dicom.corpus import objects

KEY = Keyed(b"0123456789abcdef")
NAME = "山田^太郎"


def coerced(
    *steps: ObjectStep, data: bytes = b"", keyed: Keyed | None = KEY, tells: bool = False
) -> FileDataset:
    whole = WholeObject("x", steps, tells)
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
        source.write(data or dicom_file({"PatientName": NAME}, pixel_bytes=100))
        source.flush()
        whole.coerce(source, target, keyed, lambda: datetime(2026, 1, 2, tzinfo=UTC))
        target.seek(0)
        return pydicom.dcmread(BytesIO(target.read()))


def test_steps_are_done_one_after_the_other() -> None:
    steps = [OfText(Put({tag("StudyID"): value})) for value in ("1", "2")]
    made = coerced(*steps)
    assert (made.StudyID, made.PatientName, len(made.PixelData)) == ("2", NAME, 100)
    assert "OriginalAttributesSequence" not in made


def test_what_it_was_is_told_where_that_is_wanted() -> None:
    steps = OfText(Put({tag("PatientID"): "NEW", tag("StudyID"): "9"}))
    [item] = coerced(steps, tells=True).OriginalAttributesSequence
    assert item.ReasonForTheAttributeModification == "COERCE"
    assert item.ModifiedAttributesSequence[0].PatientID == "TEST-1"
    assert item.ModifiedAttributesSequence[0].StudyID == ""


def test_a_de_identified_copy_never_tells_what_it_was() -> None:
    steps = OfText(Put({tag("PatientName"): "Somebody^Else"})), Deidentified(Deidentification())
    for order in (steps, steps[::-1]):
        made = coerced(*order, tells=True)
        assert "OriginalAttributesSequence" not in made


def test_without_a_key_nothing_that_needs_one_is_made() -> None:
    for step in (OtherUids(), Deidentified(Deidentification())):
        assert WholeObject("x", (step,)).needs_key
        with pytest.raises(NotCoerced, match="there is no key"):
            coerced(step, keyed=None)
    assert not WholeObject("x", (OtherCharacterSet(b"ISO_IR 192"),)).needs_key


def test_uids_change_in_the_header_of_the_file_too() -> None:
    made = coerced(OtherUids())
    assert made.SOPInstanceUID == made.file_meta.MediaStorageSOPInstanceUID == KEY.uid("1.2.3.4")


def test_character_sets_change_with_the_text_or_not_at_all() -> None:
    made = coerced(OtherCharacterSet(b"\\ISO 2022 IR 87"))
    assert (made.SpecificCharacterSet, made.PatientName) == (["", "ISO 2022 IR 87"], NAME)
    with pytest.raises(NotCoerced, match="not in ISO_IR 100"):
        coerced(OtherCharacterSet(b"ISO_IR 100"))
    kept = coerced(OtherCharacterSet(b"ISO_IR 100", or_unicode=True))
    assert (kept.SpecificCharacterSet, kept.PatientName) == ("ISO_IR 192", NAME)


@pytest.mark.parametrize("value", ["Plain", "Zürich", "横浜病院"])
def test_text_of_real_files_survives_what_is_written_beside_it(value: str) -> None:
    files = [each for each in objects() if each.path.parent.name in {"charset_files", "charset"}]
    assert len(files) > 10
    for each in files:
        before = each.as_pydicom_reads()
        data = each.path.read_bytes()
        for step in (
            OfText(Put({tag("InstitutionName"): value})),
            OtherCharacterSet(b"ISO_IR 192"),
        ):
            try:
                made = coerced(step, data=data)
            except NotCoerced:
                continue
            for keyword in ("PatientName", "ReferringPhysicianName", "PatientComments"):
                assert str(made.get(keyword, "")) == str(before.get(keyword, "")), each.path


def test_a_file_in_japanese_stays_in_its_character_sets() -> None:
    charset = b"\\ISO 2022 IR 87"
    name = encode_text(NAME, character_set(charset), "PN")
    assert name is not None
    made = coerced(OtherCharacterSet(charset), OfText(Put({tag("InstitutionName"): "横浜病院"})))
    assert made.SpecificCharacterSet == ["", "ISO 2022 IR 87"]
    assert (made.InstitutionName, made.PatientName) == ("横浜病院", NAME)
    assert made["PatientName"].value.original_string in {name, name + b" "}
