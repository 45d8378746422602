import json
import struct
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.sequence import Sequence

from pacsd.dicom import json_writer
from pacsd.dicom.charset import character_set
from pacsd.dicom.data_set import read_data_set
from pacsd.dicom.errors import ScanError
from pacsd.dicom.header_stream import BULK_GROUP
from pacsd.dicom.headers import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, layout_of
from pacsd.dicom.json_model import to_json
from pacsd.dicom.json_writer import JsonWriter
from pacsd.dicom.registry import TransferSyntax
from tests.dicom.by_pydicom import UNCOMPRESSED, encoded, keys
from tests.dicom.corpus import objects
from tests.dicom.written import BIG, EXPLICIT, IMPLICIT, element, item, sequence

BASE = "https://pacs.example/instances/1.2/bulk/"
PRIVATE, IMAGES, PIXELS = 0x00091010, 0x00081140, 0x7FE00010


def said(
    raw: bytes, syntax: TransferSyntax = EXPLICIT, writer: JsonWriter | None = None
) -> dict[str, Any]:
    used = JsonWriter() if writer is None else writer
    found: dict[str, Any] = json.loads(used.join(used.members(raw, syntax), BASE))
    return found


@pytest.mark.parametrize("syntax", UNCOMPRESSED)
def test_it_says_what_the_model_says(syntax: TransferSyntax) -> None:
    raw = encoded(
        keys(
            SpecificCharacterSet="ISO_IR 100",
            PatientName="Müller^Jörg",
            StudyDate="20260131",
            InstanceNumber=7,
            Rows=512,
            PatientWeight=72.5,
            AccessionNumber="",
            ModalitiesInStudy=["CT", "SR"],
            ProcedureCodeSequence=Sequence([keys(CodeValue="A"), keys(CodeMeaning="ö")]),
            ReferencedStudySequence=Sequence(),
        ),
        syntax,
    )
    assert said(raw, syntax) == to_json(read_data_set(raw, syntax))


def test_of_the_corpus_it_says_what_the_model_says() -> None:
    writer = JsonWriter(max_inline_bytes=1 << 40)
    for each in objects():
        members = writer.members(each.inflated, each.syntax, stop_before=BULK_GROUP)
        found = read_data_set(
            each.inflated, each.syntax, stop_before=BULK_GROUP, keeps_empty_items=True
        )
        told = json.loads(writer.join(members, BASE))
        assert without_pixels(told) == without_pixels(to_json(found)), each.path


def without_pixels(said: Any) -> Any:
    """Those of icons are bulk data however short they are."""
    if isinstance(said, list):
        return [without_pixels(each) for each in said]
    if not isinstance(said, dict):
        return said
    return {key: without_pixels(each) for key, each in said.items() if key != "7FE00010"}


@pytest.mark.parametrize("syntax", UNCOMPRESSED)
@pytest.mark.parametrize("is_undefined", [False, True])
def test_long_values_in_items_have_a_path(syntax: TransferSyntax, is_undefined: bool) -> None:
    long = element(0x00281201, "OW", bytes(2000), syntax)
    first = item(b"", syntax, is_undefined=is_undefined)
    inner = sequence(0x00081199, item(long, syntax), syntax, is_undefined=is_undefined)
    second = item(inner, syntax, is_undefined=is_undefined)
    found = said(sequence(IMAGES, first + second, syntax, is_undefined=is_undefined), syntax)
    uri = BASE + "00081140/2/00081199/1/00281201"
    value = {"00281201": {"vr": "OW", "BulkDataURI": uri}}
    items = [{}, {"00081199": {"vr": "SQ", "Value": [value]}}]
    assert found == {"00081140": {"vr": "SQ", "Value": items}}


def test_empty_items_keep_their_places() -> None:
    found = said(
        sequence(IMAGES, item(b"") + item(element(0x00081150, "UI", b"1.2\0")) + item(b""))
    )
    value = {"00081150": {"vr": "UI", "Value": ["1.2"]}}
    assert found["00081140"]["Value"] == [{}, value, {}]


@pytest.mark.parametrize(
    ("vr", "is_bulk"),
    [("OB", True), ("UN", True), ("FD", True), ("DS", True), ("UT", True), ("LO", False),
     ("UR", False), ("UI", False), ("PN", False)],
)  # fmt: skip
def test_which_values_become_bulk_data(vr: str, is_bulk: bool) -> None:
    writer = JsonWriter(max_inline_bytes=8)
    found = said(element(PRIVATE, vr, b"1 " * 8), writer=writer)["00091010"]
    assert ("BulkDataURI" in found) is is_bulk
    assert writer.is_bulk(PRIVATE, vr, 16) is is_bulk
    assert not writer.is_bulk(PRIVATE, vr, 8)
    assert "BulkDataURI" not in said(element(PRIVATE, vr, b"1 " * 4), writer=writer)["00091010"]


@pytest.mark.parametrize("syntax", UNCOMPRESSED)
def test_pixel_data_is_never_inline(syntax: TransferSyntax) -> None:
    uri = {"vr": "OW", "BulkDataURI": BASE + "7FE00010"}
    assert said(element(PIXELS, "OW", b"\1\0", syntax), syntax) == {"7FE00010": uri}
    assert said(element(PIXELS, "OW", b"", syntax), syntax) == {"7FE00010": {"vr": "OW"}}


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_pixel_data_in_fragments(syntax: TransferSyntax) -> None:
    fragments = sequence(PIXELS, item(b"") + item(b"\1\2"), syntax, vr="OB", is_undefined=True)
    uri = {"vr": "OB", "BulkDataURI": BASE + "7FE00010"}
    assert said(fragments, syntax) == {"7FE00010": uri}
    within = sequence(0x00880200, item(fragments, syntax), syntax)
    icon = said(within, syntax)["00880200"]["Value"][0]["7FE00010"]
    assert icon == {"vr": "OB", "BulkDataURI": BASE + "00880200/1/7FE00010"}


def test_bytes_of_big_endian_are_turned_round() -> None:
    words = element(PRIVATE, "OW", b"\0\1\0\2", BIG) + element(0x00280010, "US", b"\2\0", BIG)
    assert said(words, BIG) == {
        "00091010": {"vr": "OW", "InlineBinary": "AQACAA=="},
        "00280010": {"vr": "US", "Value": [512]},
    }


def test_a_part_by_its_layout() -> None:
    """20300 is `LO` where Explicit VR has its VR: only a certain layout tells them apart."""
    part = element(IMAGES, "SQ", item(element(PRIVATE, "UN", bytes(20284), IMPLICIT)), IMPLICIT)
    assert part[4:6] == b"LO"
    writer = JsonWriter()
    members = writer.members(part, IMPLICIT_LITTLE)
    assert json.loads(writer.join(members, ""))["00081140"]["Value"][0]["00091010"]["vr"] == "UN"


def test_a_part_in_the_character_set_of_the_whole() -> None:
    writer = JsonWriter()
    for charset, name in ((b"ISO_IR 100", "é"), (b"ISO_IR 144", "щ")):
        members = writer.members(
            element(0x00100010, "PN", b"\xe9 "), EXPLICIT, character_set(charset)
        )
        assert json.loads(b"{%b}" % members[0x00100010]) == {
            "00100010": {"vr": "PN", "Value": [{"Alphabetic": name}]}
        }


def test_the_same_bytes_in_other_encodings_are_other_values() -> None:
    writer = JsonWriter()
    raw = element(0x00280010, "US", b"\1\2")
    for _ in range(2):
        assert said(raw, EXPLICIT, writer)["00280010"]["Value"] == [0x0201]
        assert said(element(0x00280010, "US", b"\1\2", BIG), BIG, writer)["00280010"]["Value"] == [
            0x0102
        ]


@pytest.mark.parametrize(("is_signed", "vr", "value"), [(0, "US", 65535), (1, "SS", -1)])
def test_pixel_representation_decides_between_us_and_ss(
    is_signed: int, vr: str, value: int
) -> None:
    smallest = element(0x00280106, "US", b"\xff\xff", IMPLICIT)
    representation = element(0x00280103, "US", bytes([is_signed, 0]), IMPLICIT)
    within = sequence(0x00283000, item(smallest, IMPLICIT), IMPLICIT)
    found = said(representation + smallest + within, IMPLICIT)
    attribute = {"vr": vr, "Value": [value]}
    assert found["00280106"] == attribute
    assert found["00283000"]["Value"] == [{"00280106": attribute}]


def test_it_stops_where_it_is_told_to() -> None:
    raw = element(0x00080060, "CS", b"CT") + element(PIXELS, "OW", bytes(4))
    assert list(JsonWriter().members(raw, EXPLICIT, stop_before=PIXELS)) == [0x00080060]


def test_of_duplicates_the_last_counts() -> None:
    writer = JsonWriter()
    one, two = (element(0x00080060, "CS", each) for each in (b"CT", b"MR"))
    other = element(0x00080070, "LO", b"ACME")
    for _ in range(2):
        found = said(one + other + two + other, writer=writer)
        assert found["00080060"]["Value"] == ["MR"]
        assert found["00080070"]["Value"] == ["ACME"]
    assert said(one + other, writer=writer)["00080060"]["Value"] == ["CT"]


@pytest.mark.parametrize("syntax", UNCOMPRESSED)
def test_a_value_by_itself(syntax: TransferSyntax) -> None:
    writer, layout = JsonWriter(), layout_of(syntax)
    inner = item(element(0x00080060, "CS", b"CT", syntax), syntax)
    written = writer.value_member(IMAGES, None, inner, layout, character_set(b""))
    value = {"00080060": {"vr": "CS", "Value": ["CT"]}}
    assert json.loads(b"{%b}" % written) == {"00081140": {"vr": "SQ", "Value": [value]}}


def test_a_value_elsewhere() -> None:
    writer = JsonWriter()
    members = {PIXELS: writer.bulk_member(PIXELS, "OW"), PRIVATE: writer.bulk_member(PRIVATE, None)}
    assert json.loads(writer.join(members, 'a"\\é/')) == {
        "00091010": {"vr": "UN", "BulkDataURI": 'a"\\é/00091010'},
        "7FE00010": {"vr": "OW", "BulkDataURI": 'a"\\é/7FE00010'},
    }


def test_members_come_in_the_order_of_tags() -> None:
    raw = element(0x00100010, "PN", b"A ") + element(0x00080060, "CS", b"CT")
    assert list(said(raw)) == ["00080060", "00100010"]


def test_text_cannot_forge_a_mark() -> None:
    found = said(element(0x00081030, "LO", b"a\0b "))
    assert found["00081030"]["Value"] == ["a\0b"]


def test_of_many_encodings_only_some_are_kept() -> None:
    writer = JsonWriter()
    for number in range(100):
        charset = character_set(b"ISO_IR 6" + b"\\ISO 2022 IR 100" * number)
        writer.members(element(0x00081030, "LO", b"a "), EXPLICIT, charset)
        assert len(writer._encodings) <= json_writer._MAX_ENCODINGS


@pytest.mark.parametrize("syntax", UNCOMPRESSED)
@pytest.mark.parametrize("is_undefined", [False, True])
def test_what_is_cut_short_is_told_as_far_as_it_goes(
    syntax: TransferSyntax, is_undefined: bool
) -> None:
    values = element(0x00080060, "CS", b"CT", syntax) + element(0x00081030, "LO", b"text", syntax)
    whole = sequence(IMAGES, item(values, syntax), syntax, is_undefined=is_undefined)
    cut = whole[: whole.index(b"text") + 2]
    value = {"00080060": {"vr": "CS", "Value": ["CT"]}}
    assert said(cut, syntax) == {"00081140": {"vr": "SQ", "Value": [value]}}
    assert said(element(0x00081030, "LO", b"text", syntax)[:-1], syntax) == {}


def test_a_broken_sequence_is_refused() -> None:
    with pytest.raises(ScanError):
        JsonWriter().members(element(IMAGES, "SQ", b"no items"), EXPLICIT)


@given(st.binary(max_size=200), st.sampled_from(UNCOMPRESSED))
def test_no_bytes_are_too_odd(raw: bytes, syntax: TransferSyntax) -> None:
    with suppress(ScanError):
        said(raw, syntax)


@given(st.lists(st.tuples(st.sampled_from([0x00080005, 0x00100010, PRIVATE, IMAGES, PIXELS]),
                          st.sampled_from(["CS", "PN", "UN", "SQ", "OB", "ZZ", "US"]),
                          st.binary(max_size=12)), max_size=6))  # fmt: skip
def test_no_elements_are_too_odd(elements: list[tuple[int, str, bytes]]) -> None:
    writer = JsonWriter(max_inline_bytes=4)
    raw = b"".join(element(*each) for each in elements)
    try:
        first = said(raw, writer=writer)
    except ScanError:
        return
    assert said(raw, writer=writer) == first == said(raw, writer=JsonWriter(max_inline_bytes=4))


def test_a_memoryview_will_do() -> None:
    raw = struct.pack("<HH2sH", 0x0008, 0x0060, b"CS", 2) + b"CT"
    writer = JsonWriter()
    for buffer in (raw, bytearray(raw), memoryview(raw)):
        assert writer.members(buffer, EXPLICIT_LITTLE) == writer.members(raw, EXPLICIT_LITTLE)
    assert writer.members(b"", EXPLICIT_BIG) == {}
