"""De-identification, looked at from outside: by other programs, and byte by byte."""

import tempfile
import warnings
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pacsd_coerce._profile_data import ROWS
from pacsd_coerce.deidentify import Deidentification
from pacsd_coerce.errors import NotCoerced
from pacsd_coerce.keyed import Keyed
from pacsd_coerce.profile import OPTIONS
from pacsd_coerce.tree import DataSet, Element, Sequence, encoded
from pacsd_coerce.whole_object import Deidentified, WholeObject
from pydicom.dataset import Dataset

from pacsd.dicom.dictionary import data_element, tag_of, vr_of
from pacsd.dicom.headers import EXPLICIT_LITTLE
from pacsd.dicom.vr import VR
from pacsd.testing.objects import dicom_file
from tests.coerced_trees import items, raw, tree
from tests.dicom.corpus import objects
from tests.interop import peers

KEY = Keyed(b"0123456789abcdef")
BASIC = Deidentification()
CANARY = b"XQZCANARY"

# Attributes whose values say who somebody is, of each of which nothing may be left.
IDENTIFYING = (
    "PatientID", "PatientName", "PatientBirthDate", "AccessionNumber", "OtherPatientIDs",
    "ReferringPhysicianName", "PerformingPhysicianName", "OperatorsName", "PatientAddress",
    "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID",
    "PatientTelephoneNumbers", "RequestingPhysician", "InstitutionAddress", "StudyID",
)  # fmt: skip


def done(data_set: DataSet, how: Deidentification = BASIC) -> DataSet:
    how.apply(data_set, EXPLICIT_LITTLE, KEY)
    return data_set


def file_of(data: bytes, how: Deidentification = BASIC) -> bytes:
    """A file de-identified."""
    whole = WholeObject("research", (Deidentified(how),))
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
        source.write(data)
        source.flush()
        whole.coerce(source, target, KEY)
        target.seek(0)
        return target.read()


def test_it_says_that_it_is_done_and_how() -> None:
    how = Deidentification(frozenset({"modified-dates", "retain-device"}), patient_prefix="R-")
    made = done(tree(PatientID="P1", IssuerOfPatientID="H", SOPInstanceUID="1.2"), how)
    pseudonym = f"R-{KEY.pseudonym('H', 'P1')}".encode()
    assert raw(made, "PatientID") == raw(made, "PatientName") == pseudonym
    assert raw(made, "PatientIdentityRemoved") == b"YES"
    assert raw(made, "LongitudinalTemporalInformationModified") == b"MODIFIED"
    codes = items(made, "DeidentificationMethodCodeSequence")
    assert [raw(each, "CodeValue") for each in codes] == [b"113100", b"113107", b"113109"]
    assert {raw(each, "CodingSchemeDesignator") for each in codes} == {b"DCM"}


def test_the_same_patient_is_the_same_again_and_who_has_no_id_is_one_of_a_study() -> None:
    one, other = (BASIC.apply(tree(PatientID="P1", StudyInstanceUID=uid), EXPLICIT_LITTLE, KEY)
                  for uid in ("1.2", "1.3"))  # fmt: skip
    assert one == other
    nobody = [BASIC.apply(tree(StudyInstanceUID=uid), EXPLICIT_LITTLE, KEY).pseudonym
              for uid in ("1.2", "1.2", "1.3")]  # fmt: skip
    assert nobody[0] == nobody[1] != nobody[2]


@pytest.mark.parametrize(
    ("said", "mode", "is_refused"),
    [
        ("YES", "refuse", True), ("NO", "refuse", False), ("", "refuse", False),
        ("YES", "refuse-unless-no", True), ("", "refuse-unless-no", True),
        ("NO", "refuse-unless-no", False), ("YES", "allow", False),
    ],
)  # fmt: skip
def test_pixels_with_somebody_in_them_do_not_leave(said: str, mode: str, is_refused: bool) -> None:
    data_set = tree(BurnedInAnnotation=said, PixelData=b"ab")
    if is_refused:
        with pytest.raises(NotCoerced, match="Burned In Annotation"):
            done(data_set, Deidentification(burned_in=mode))
    else:
        assert raw(done(data_set, Deidentification(burned_in=mode)), "PixelData") == b"ab"


def test_documents_do_not_leave() -> None:
    with pytest.raises(NotCoerced, match="Encapsulated Document"):
        done(tree(EncapsulatedDocument=b"%PDF"))


def canary(keyword_tag: int, depth: int) -> Element | None:
    """An element of this attribute that says the canary; of a sequence, in all that is in it."""
    vr = vr_of(keyword_tag)
    if vr == VR.SQ:
        if depth > 2:
            return None
        inner = {}
        for keyword in (
            "PatientName",
            "PatientComments",
            "TextComments",
            "ReferencedSOPInstanceUID",
        ):
            number = tag_of(keyword) or 0
            inner[number] = canary(number, depth + 1)
        return Element(vr, Sequence(EXPLICIT_LITTLE, [{t: e for t, e in inner.items() if e}]))
    return Element(vr, b"1.2." + b"9" * 9 if vr == VR.UI else CANARY)


def test_of_no_attribute_of_the_table_anything_is_left() -> None:
    tags = [int(each, 16) for _, _, tags in ROWS for each in tags.split()]
    data_set = {each: found for each in tags if data_element(each) and (found := canary(each, 0))}
    data_set[0x00291010] = Element(VR.LO, CANARY)
    data_set[0x60003000] = Element(VR.OW, CANARY)
    data_set[0x50003000] = Element(VR.OW, CANARY)
    data_set.pop(0x00420011)  # documents are refused
    assert CANARY in encoded(data_set, EXPLICIT_LITTLE)
    made = encoded(done(data_set), EXPLICIT_LITTLE)
    assert CANARY not in made
    assert b"1.2." + b"9" * 9 not in made


@given(
    st.frozensets(st.sampled_from(sorted({*OPTIONS} - {"full-dates"})), max_size=6),
    st.text("ABCDEFGHIJKLMNOP", min_size=9, max_size=12),
)
def test_whatever_the_options_who_it_is_is_gone(options: frozenset[str], secret: str) -> None:
    keywords = ("PatientName", "PatientID", "OtherPatientIDs", "AccessionNumber", "PatientComments",
                "ReferringPhysicianName", "PatientAddress", "IssuerOfPatientID")  # fmt: skip
    inner = tree(**dict.fromkeys(keywords, secret))
    data_set = tree(**dict.fromkeys(keywords, secret), ReferencedImageSequence=[inner])
    made = encoded(done(data_set, Deidentification(options)), EXPLICIT_LITTLE)
    assert secret.encode() not in made


def secrets_of(read: Dataset) -> set[bytes]:
    """What of a file must not be in its copy, if it is long enough to be nobody else's."""
    values = {str(read.get(keyword, "")) for keyword in IDENTIFYING}
    raws = {value.encode("utf-8", "replace") for value in values if len(value) >= 6}
    return {each for each in raws if not each.startswith(b"1.2.840.10008.")}


def test_of_real_files_no_byte_says_whose_they_were() -> None:
    done_with = 0
    for each in objects():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read = each.as_pydicom_reads()
            secrets = secrets_of(read)
        try:
            made = file_of(each.path.read_bytes())
        except NotCoerced:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = pydicom.dcmread(BytesIO(made), stop_before_pixels=True)
        assert found.PatientIdentityRemoved == "YES"
        header_bytes = made if len(made) < 2_000_000 else made[:500_000]
        assert [secret for secret in secrets if secret in header_bytes] == [], each.path
        done_with += 1
    assert done_with > 50


@pytest.mark.interop
def test_dcmtk_finds_nothing_either(tmp_path: Path) -> None:
    secret = {
        "PatientName": "Canary^Xqz", "PatientID": "XQZ-4711", "AccessionNumber": "XQZACC",
        "StudyDescription": "Xqz was here", "OperatorsName": "Xqz^Op",
    }  # fmt: skip
    (tmp_path / "copy.dcm").write_bytes(file_of(dicom_file(secret, pixel_bytes=64)))
    dcmdump = peers.program("dcmdump")
    assert "[YES]" in peers.run(dcmdump, "+L", "+P", "0012,0062", tmp_path / "copy.dcm")
    whole = peers.run(dcmdump, "+L", "+f", tmp_path / "copy.dcm")
    assert "xqz" not in whole.lower()
    assert "113100" in whole
