import tempfile
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pacsd_coerce import coercion_file
from pacsd_coerce.coercions import Coercions, read_coercions
from pacsd_coerce.errors import CoercionFileError
from pacsd_coerce.keyed import Keyed
from pydicom.dataset import FileDataset

from pacsd.testing.objects import dicom_file


def read(step: str, folder: Path = Path()) -> Coercions:
    return read_coercions(f"[coercion.a]\nstep = [{{ {step} }}]", folder)


def done(step: str, folder: Path = Path(), **attributes: str) -> FileDataset:
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
        source.write(dicom_file(attributes))
        source.flush()
        read(step, folder).whole["a"].coerce(source, target, Keyed(b"0123456789abcdef"))
        target.seek(0)
        return pydicom.dcmread(BytesIO(target.read()))


def test_the_example_of_the_documentation_can_be_used() -> None:
    coercions = read_coercions((coercion_file.__doc__ or "").partition("\n\n")[2], Path())
    assert list(coercions.whole) == ["house", "research"]
    assert coercions.needs_key == ("research",)
    assert [each.name for each in coercions.on_the_way_in] == ["what the scanners call us"]


def test_each_step_does_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "map.csv").write_text('"TEST-1","Q,1"\n\nTEST-2,Q2\n', encoding="utf-8")
    assert done("set = { InstitutionName = 'X' }").InstitutionName == "X"
    assert "StudyDate" not in done("remove = 'StudyDate'")
    assert done("template = { StudyID = '{Modality}-{PatientID}' }").StudyID == "CT-TEST-1"
    assert done("map = { attribute = 'PatientID', file = 'map.csv' }", tmp_path).PatientID == "Q,1"
    assert done("issuer = { name = 'HOSP' }").IssuerOfPatientID == "HOSP"
    made = done("character_set = { to = 'ISO_IR 100' }", PatientName="Müller")
    assert (made.SpecificCharacterSet, made.PatientName) == ("ISO_IR 100", "Müller")
    assert done("remap_uids = true").StudyInstanceUID.startswith("2.25.")
    assert done("deidentify = {}").PatientIdentityRemoved == "YES"


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("set = { PatientNam = 'X' }", "set: PatientNam is no keyword of PS3.6"),
        ("set = { StudyDate = '2026' }", "set: StudyDate: the value is none of VR DA"),
        ("set = { StudyInstanceUID = '1.2' }", "only text is written, and VR UI is none"),
        ("set = { PixelData = 'x' }", "only text is written"),
        ("set = { SpecificCharacterSet = 'ISO_IR 100' }", "character_set changes it"),
        ("remove = 'SOPInstanceUID'", "remap_uids changes it"),
        ("remove = 'SOPClassUID'", "another SOP Class would be another object"),
        ("template = { StudyID = '{x}' }", "template: x is no attribute of text"),
        ("map = { attribute = 'PatientID' }", "neither table nor file has a row"),
        (
            "map = { attribute = 'Modality', table = { a = 'ct' } }",
            "Modality: ct: the value is none",
        ),
        ("map = { attribute = 'PatientID', file = 'gone.csv' }", "gone.csv: No such file"),
        ("map = { attribute = 'PatientID', file = 'bad.csv' }", "line 1: 3 columns instead of 2"),
        (
            "map = { attribute = 'PatientID', file = 'two.csv' }",
            "line 2: the value has a row already",
        ),
        ("map = { attribute = 'PatientID', file = 'latin.csv' }", "latin.csv: is not UTF-8"),
        ("issuer = { name = 'a\\\\b' }", "it has one value"),
        ("character_set = { to = 'ISO_IR 999' }", "ISO_IR 999: no such character set"),
        ("remap_uids = false", "must be true, or the step be left out"),
        ("deidentify = { keep_descriptions = 'x' }", "one means nothing without the other"),
        ("deidentify = { options = ['clean-descriptors'] }", "one means nothing without the other"),
        ("deidentify = { options = ['full-dates', 'modified-dates'] }", "not both"),
        ("deidentify = { patient_prefix = 'ü' }", "patient_prefix: is not ASCII"),
        (
            "deidentify = { options = ['retain-safe-private'], safe_private = 'ACME:0028xx10' }",
            "a safe private element is written",
        ),
    ],
)
def test_what_cannot_be_done_is_told_with_its_place(tmp_path: Path, step: str, said: str) -> None:
    (tmp_path / "bad.csv").write_text("a,b,c\n", encoding="utf-8")
    (tmp_path / "two.csv").write_text("a,b\na,c\n", encoding="utf-8")
    (tmp_path / "latin.csv").write_bytes(b"a,\xfc\n")
    with pytest.raises(CoercionFileError) as raised:
        read(step, tmp_path)
    assert str(raised.value).startswith("coercion a: step 1: ")
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("coerce = 'b'", "in 'r': coerce: there is no coercion b"),
        ("coerce = 'a'\nfrom = '@x'", "in 'r': from: @x is none of the groups"),
        ("coerce = 'a'\nmatch = { Modalty = 'CT' }", "'Modalty' is no keyword"),
        ("coerce = 'uids'", "only text is coerced as it comes; have it done by a route"),
        ("coerce = 'id'", "whose it is, is not corrected"),
        ("coerce = 'empty'", "it must have a value"),
    ],
)
def test_rules_of_what_comes_are_checked_beforehand(text: str, said: str) -> None:
    coercions = """
        [coercion.a]
        step = [{ set = { InstitutionName = "X" } }]
        [coercion.uids]
        step = [{ remap_uids = true }]
        [coercion.id]
        step = [{ template = { PatientID = "{PatientID}-X" } }]
        [coercion.empty]
        step = [{ set = { Modality = "" } }]
        [[in]]
        name = "r"
        """
    with pytest.raises(CoercionFileError) as raised:
        read_coercions(coercions + text, Path())
    assert said in str(raised.value)
    rule = "[[in]]\nname = 'r'\ncoerce = 'a'\n"
    with pytest.raises(CoercionFileError, match="another rule has this name"):
        read_coercions(f"[coercion.a]\nstep = [{{ remove = 'StudyID' }}]\n{rule}{rule}", Path())
