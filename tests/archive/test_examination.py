import zlib

import pytest

from pacsd.api.reception import Reception
from pacsd.archive.examination import LOOKED_FOR, Examination
from pacsd.archive.identity import Unacceptable
from pacsd.archive.instance import InstanceRequest, SenderPolicy
from pacsd.dicom.quirks import QuirkKind
from pacsd.dicom.stored_header import decode_header
from pacsd.index.records import NewCopy
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from tests.dicom.written import deflate, element, item, sequence

RECEPTION = Reception(1, "CT1", "PACSD", "192.0.2.7", 1, "dimse")
COPY = NewCopy("memory", "1", 500, 400, b"digest")
OBJECT = data_set({"PatientName": "Doe^J"}, pixel_bytes=100)


EXPLICIT, IMPLICIT, DEFLATED = (f"1.2.840.10008.1.2{arc}" for arc in (".1", "", ".1.99"))
JPEG = "1.2.840.10008.1.2.4.50"
CODES = 0x00400275


def examination(
    uid: str = "1.2.3.4", syntax_uid: str = EXPLICIT, *, restores: bool = False
) -> Examination:
    policy = SenderPolicy(restores_deleted=restores)
    return Examination(InstanceRequest(CT_IMAGE_STORAGE, uid, syntax_uid, RECEPTION, policy))


def of_undefined_length(items: bytes) -> bytes:
    return sequence(CODES, items, is_undefined=True)


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_what_the_index_shall_know(size: int) -> None:
    tested = examination(restores=True)
    for start in range(0, len(OBJECT), size):
        tested.feed(OBJECT[start : start + size])
    tested.end(len(OBJECT))
    new = tested.describe(COPY)
    assert (new.sop_class_uid, new.sop_instance_uid) == (CT_IMAGE_STORAGE, "1.2.3.4")
    assert (new.study_instance_uid, new.series_instance_uid) == ("1.2.3", "1.2.3.1")
    assert (new.patient_id, new.issuer_of_patient_id) == ("TEST-1", "")
    assert new.attributes[0x00100010] == "Doe^J"
    assert decode_header(new.header).raw == OBJECT[: -100 - 12]
    assert (new.copy, new.reception, new.restores_deleted) == (COPY, RECEPTION, True)


def test_it_is_judged_as_soon_as_the_header_is_known() -> None:
    tested = examination(uid="1.2.999")
    with pytest.raises(Unacceptable) as refused:
        tested.feed(OBJECT)
    assert refused.value.status == 0xA900
    assert tested.is_over


def test_an_object_without_pixels_is_judged_at_its_end() -> None:
    tested = examination(uid="1.2.999")
    tested.feed(data_set())
    assert not tested.is_over
    with pytest.raises(Unacceptable):
        tested.end(len(data_set()))


ITEM_START = item(b"", is_undefined=True)[:8]
ODD_OBJECTS = {
    QuirkKind.OTHER_VR_ENCODING: (IMPLICIT, data_set()),
    QuirkKind.UNKNOWN_VR: (EXPLICIT, data_set() + b"\x40\x00\x10\x00ZZ" + bytes(6)),
    QuirkKind.NO_VR: (EXPLICIT, data_set() + b"\x40\x00\x10\x00\x02\x00\x00\x00AB"),
    QuirkKind.ODD_LENGTH: (EXPLICIT, data_set() + element(0x00400010, "SH", b"ODD")),
    QuirkKind.OUT_OF_ORDER: (EXPLICIT, data_set() + element(0x00080070, "LO", b"ACME")),
    QuirkKind.DUPLICATE: (EXPLICIT, data_set() + 2 * element(0x00400010, "SH", b"CT")),
    QuirkKind.STRAY_DELIMITER: (EXPLICIT, data_set() + b"\xfe\xff\xdd\xe0" + bytes(4)),
    QuirkKind.MISSING_DELIMITER: (EXPLICIT, data_set() + of_undefined_length(ITEM_START)),
    QuirkKind.DELIMITER_LENGTH: (
        EXPLICIT,
        data_set() + of_undefined_length(item(b""))[:-4] + b"\x02\0\0\0",
    ),
    QuirkKind.TRUNCATED: (EXPLICIT, data_set() + element(0x00400010, "SH", b"", length=10)),
    QuirkKind.TRAILING_BYTES: (EXPLICIT, data_set() + bytes(3)),
    QuirkKind.ZLIB_HEADER: (DEFLATED, deflate(data_set(), zlib.MAX_WBITS)),
    QuirkKind.UID_COMPONENT: (EXPLICIT, data_set({"StudyInstanceUID": "1.02.3"})),
}


def test_what_is_looked_for_is_known() -> None:
    assert {*ODD_OBJECTS} == {*LOOKED_FOR}


@pytest.mark.parametrize("kind", LOOKED_FOR)
def test_row_d30_what_breaks_the_standard_is_taken_in_and_named(kind: QuirkKind) -> None:
    syntax_uid, odd = ODD_OBJECTS[kind]
    tested = examination(syntax_uid=syntax_uid)
    tested.feed(odd)
    tested.end(len(odd))
    assert [quirk.kind for quirk in tested.quirks] == [kind]


def test_what_keeps_to_the_standard_has_no_quirks() -> None:
    tested = examination()
    assert tested.quirks == ()
    tested.feed(OBJECT)
    tested.end(len(OBJECT))
    assert tested.quirks == ()


def encapsulated_object() -> bytes:
    pixels = sequence(0x7FE00010, item(b"") + item(b"JPEG" * 9), vr="OB", is_undefined=True)
    return data_set() + pixels


def quirks_of(data: bytes, syntax_uid: str, size: int) -> list[tuple[QuirkKind, int]]:
    tested = examination(syntax_uid=syntax_uid)
    for start in range(0, len(data), size):
        tested.feed(data[start : start + size])
    tested.end(len(data))
    return [(quirk.kind, quirk.tag) for quirk in tested.quirks]


CUT = [(QuirkKind.TRUNCATED, 0x7FE00010)]


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_row_d30_pixel_data_cut_short_is_named(size: int) -> None:
    assert quirks_of(OBJECT[:-2], EXPLICIT, size) == CUT
    assert quirks_of(encapsulated_object(), JPEG, size) == []
    assert quirks_of(encapsulated_object()[:-20], JPEG, size) == CUT


def test_only_encapsulated_pixel_data_is_looked_at_to_its_end() -> None:
    native, other = examination(), examination(syntax_uid=JPEG)
    native.feed(OBJECT)
    other.feed(encapsulated_object())
    assert (native.is_over, other.is_over) == (True, False)


def test_where_a_deflated_data_set_is_cut_nobody_looks() -> None:
    whole = data_set({}, pixel_bytes=5000)
    assert quirks_of(deflate(whole[:-100]), DEFLATED, 10_000) == []


def test_nothing_is_described_before_it_is_judged() -> None:
    with pytest.raises(RuntimeError):
        examination().describe(COPY)


def test_what_those_are_told_who_decide_whether_it_comes_in() -> None:
    tested = examination()
    tested.feed(OBJECT[:20])
    assert tested.received() is None
    tested.feed(OBJECT[20:])
    received = tested.received()
    assert received is not None
    assert (received.reception, received.sop_instance_uid) == (RECEPTION, "1.2.3.4")
    assert (received.study_instance_uid, received.series_instance_uid) == ("1.2.3", "1.2.3.1")
    assert (received.sop_class_uid, received.transfer_syntax_uid) == (CT_IMAGE_STORAGE, EXPLICIT)
    assert received.patient_id == "TEST-1"
    assert received.attributes["PatientName"] == "Doe^J"
    assert "PixelData" not in received.attributes
