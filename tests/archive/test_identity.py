from dataclasses import replace

import pytest

from pacsd.api.reception import Reception
from pacsd.archive.attributes import Attributes
from pacsd.archive.identity import Identity, Unacceptable, identify, odd_uids
from pacsd.archive.instance import InstanceRequest
from pacsd.dicom.header_stream import HeaderStream, known_syntax
from pacsd.dicom.quirks import Quirk, QuirkKind
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from tests.dicom.written import item, sequence

REQUEST = InstanceRequest(
    CT_IMAGE_STORAGE,
    "1.2.3.4",
    "1.2.840.10008.1.2.1",
    Reception(1, "CT1", "PACSD", "192.0.2.7", 1, "dimse"),
)


def identity_of(data: bytes) -> Identity:
    syntax = known_syntax(REQUEST.transfer_syntax_uid)
    stream = HeaderStream(syntax)
    stream.feed(data)
    stream.end()
    header = stream.header()
    return identify(header, Attributes(header, syntax), REQUEST)


def refusal_of(data: bytes) -> Unacceptable:
    with pytest.raises(Unacceptable) as refused:
        identity_of(data)
    return refused.value


def test_the_keys_of_an_object() -> None:
    data = data_set({"PatientID": "7", "IssuerOfPatientID": "HOSP"})
    assert identity_of(data) == Identity("1.2.3", "1.2.3.1", "7", "HOSP")


def test_a_missing_patient_id_and_issuer_are_empty() -> None:
    assert identity_of(data_set({"PatientID": ""})) == Identity("1.2.3", "1.2.3.1", "", "")


@pytest.mark.parametrize(
    ("keyword", "tag"), [("SOPClassUID", 0x00080016), ("SOPInstanceUID", 0x00080018)]
)
def test_row_d28_another_object_than_announced(keyword: str, tag: int) -> None:
    refused = refusal_of(data_set({keyword: "1.2.999"}))
    assert (refused.status, refused.offending) == (0xA900, (tag,))
    assert keyword in refused.comment


@pytest.mark.parametrize("keyword", ["SOPClassUID", "SOPInstanceUID"])
def test_what_the_object_does_not_say_the_command_does(keyword: str) -> None:
    assert identity_of(data_set({keyword: ""})).study_instance_uid == "1.2.3"


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID"])
def test_an_object_that_belongs_nowhere(keyword: str) -> None:
    missing = refusal_of(data_set({keyword: ""}))
    assert (missing.status, missing.offending) == (0xC000, ())
    assert missing.comment.startswith(f"No {keyword}")
    wrong = refusal_of(data_set({keyword: "1.2.x"}))
    assert wrong.status == 0xC000
    assert wrong.comment == f"{keyword} is no UID: 1.2.x"


def test_a_data_set_that_nobody_can_read() -> None:
    nested = b""
    for _ in range(70):
        nested = sequence(0x00400275, item(nested, is_undefined=True), is_undefined=True)
    refused = refusal_of(data_set() + nested)
    assert refused.status == 0xC000
    assert refused.comment.startswith("Unreadable: ")
    assert len(refused.comment) <= 64


def test_row_d29_leading_zeros_of_uids_are_a_quirk_that_is_counted_once() -> None:
    identity = Identity("1.2.03", "1.2.3.1", "7", "")
    assert odd_uids(identity, REQUEST) == (Quirk(QuirkKind.UID_COMPONENT, 0x0020000D, 1),)
    request = replace(REQUEST, sop_instance_uid="1.2..4")
    assert odd_uids(identity, request) == (Quirk(QuirkKind.UID_COMPONENT, 0x00080018, 2),)


def test_uids_as_the_standard_has_them_are_no_quirk() -> None:
    assert odd_uids(Identity("1.2.0", "0.0.1", "7", ""), REQUEST) == ()
