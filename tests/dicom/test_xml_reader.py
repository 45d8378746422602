import struct
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given

from pacsd.dicom import native_xml, open_attributes
from pacsd.dicom.data_set import read_data_set
from pacsd.dicom.errors import DicomError, JsonModelError, NativeModelError
from pacsd.dicom.json_model import to_json
from pacsd.dicom.json_reader import JsonDataSet, read_json
from pacsd.dicom.json_text import json_bytes, json_text
from pacsd.dicom.json_values import NAME_GROUPS
from pacsd.dicom.native_xml import NAMESPACE, to_native_xml
from pacsd.dicom.person_name import components
from pacsd.dicom.private import creator_tag, is_creator
from pacsd.dicom.vr import VR
from pacsd.dicom.walk import MAX_DEPTH
from pacsd.dicom.xml_reader import read_native_xml
from tests.dicom.corpus import objects
from tests.dicom.test_json_reader import DATA_SETS, DECLARED, UNICODE
from tests.dicom.written import EXPLICIT, element


def document(inner: str) -> bytes:
    return f"<NativeDicomModel>{inner}</NativeDicomModel>".encode()


def attribute(tag: str, vr: str, inner: str = "", **more: str) -> str:
    also = "".join(f' {name}="{value}"' for name, value in more.items())
    return f'<DicomAttribute tag="{tag}" vr="{vr}"{also}>{inner}</DicomAttribute>'


def value(text: object, number: int = 1) -> str:
    return f'<Value number="{number}">{text}</Value>'


def of(data: bytes) -> JsonDataSet:
    (found,) = read_native_xml([data])
    return found


def model(found: JsonDataSet) -> Mapping[str, Any]:
    """What the DICOM JSON model says of what was read."""
    return to_json(read_data_set(found.raw, EXPLICIT, keeps_empty_items=True))


def said(inner: str) -> dict[str, Any]:
    """The same, without what is always there."""
    return {tag: each for tag, each in model(of(document(inner))).items() if tag not in UNICODE}


def refusal(data: bytes) -> str:
    with pytest.raises((NativeModelError, JsonModelError)) as refused:
        read_native_xml([data])
    assert str(refused.value).isprintable()
    return str(refused.value)


def test_a_data_set() -> None:
    name = "<PersonName><Alphabetic><FamilyName>Müller</FamilyName></Alphabetic></PersonName>"
    found = of(document(attribute("00100010", "PN", name) + attribute("00080060", "CS")))
    written = element(0x00100010, "PN", "Müller ".encode())
    assert found.raw == DECLARED + element(0x00080060, "CS", b"") + written


def test_a_document_is_a_data_set() -> None:
    empty, modality = document(""), document(attribute("00080060", "CS", value("CT")))
    found = read_native_xml([empty, modality])
    assert [each.raw for each in found] == [DECLARED, DECLARED + element(0x00080060, "CS", b"CT")]
    assert read_native_xml([]) == []


@pytest.mark.parametrize(
    "root",
    [
        "<NativeDicomModel>{}</NativeDicomModel>",
        f'<NativeDicomModel xmlns="{NAMESPACE}" xml:space="preserve">{{}}</NativeDicomModel>',
        '<?xml version="1.0"?><!----><NativeDicomModel x:y="z" xmlns:x="u">{}</NativeDicomModel>\n',
    ],
)
def test_roots(root: str) -> None:
    inner = attribute("00080060", "CS", "\n\t" + value("CT") + "<!-- x -->\r\n")
    assert of(root.format(inner).encode()).raw == DECLARED + element(0x00080060, "CS", b"CT")


def test_a_prefix() -> None:
    written = f"""<d:NativeDicomModel xmlns:d="{NAMESPACE}"><d:DicomAttribute tag="00080060" vr="CS"
        ><d:Value number="1">CT</d:Value></d:DicomAttribute></d:NativeDicomModel>"""
    assert of(written.encode()).raw == DECLARED + element(0x00080060, "CS", b"CT")


def test_what_the_model_leaves_out_is_left_out() -> None:
    meta = attribute("00020010", "UI", value("1.2")) + attribute("00080000", "UL", value(4))
    other = attribute("00080005", "CS", value("ISO_IR 100"))
    found = of(document(meta + other))
    assert (found.raw, found.transfer_syntax_uid) == (DECLARED, "1.2")


def test_values() -> None:
    assert said(
        attribute("00080008", "CS", value("A") + value("", 2) + value("B", 3))
        + attribute("00101030", "DS", value("72.50"))
        + attribute("00280009", "AT", value(" 00181063\n"))
        + attribute("00280010", "US", value(512))
        + attribute("00091001", "SV", value(-(2**63)))
        + attribute("00091002", "UV", value(2**64 - 1))
        + attribute("00091003", "FD", value("inf") + value("-INF", 2) + value("nan", 3))
    ) == {
        "00080008": {"vr": "CS", "Value": ["A", None, "B"]},
        "00091001": {"vr": "SV", "Value": [str(-(2**63))]},
        "00091002": {"vr": "UV", "Value": [str(2**64 - 1)]},
        "00091003": {"vr": "FD", "Value": ["Infinity", "-Infinity", "NaN"]},
        "00101030": {"vr": "DS", "Value": [72.5]},
        "00280009": {"vr": "AT", "Value": ["00181063"]},
        "00280010": {"vr": "US", "Value": [512]},
    }  # fmt: skip


def test_text_is_kept_as_it_is() -> None:
    text = "<![CDATA[ <a> ]]>\n&#13;&#10;&#9;b&amp; "
    found = of(document(attribute("00104000", "LT", value(text)))).raw
    assert found == DECLARED + element(0x00104000, "LT", b" <a> \n\r\n\tb& ")


def test_values_that_are_left_out_are_empty() -> None:
    inner = value("A", 2) + value("B", 5)
    found = said(attribute("00080008", "CS", inner))
    assert found["00080008"]["Value"] == [None, "A", None, None, "B"]
    names = '<PersonName number="2"><Phonetic><GivenName>C</GivenName></Phonetic></PersonName>'
    found = said(attribute("00101001", "PN", names))
    assert found["00101001"]["Value"] == [None, {"Phonetic": "^C"}]


def test_values_without_numbers_are_in_their_order() -> None:
    found = said(
        attribute("00080008", "CS", "<Value>A</Value>" + value("B", 3) + "<Value>C</Value>")
    )
    assert found["00080008"]["Value"] == ["A", None, "B", "C"]


def test_a_name() -> None:
    name = """<PersonName number="+01">
        <Phonetic><FamilyName>p</FamilyName></Phonetic>
        <Alphabetic> <GivenName>John</GivenName> <FamilyName>Doe</FamilyName>
            <MiddleName/> <NameSuffix>B^A</NameSuffix></Alphabetic>
        <Ideographic/>
      </PersonName>"""
    found = of(document(attribute("00100010", "PN", name))).raw
    assert found == DECLARED + element(0x00100010, "PN", b"Doe^John^^^B^A==p ")


def test_items() -> None:
    inner = attribute("00080100", "SH", value("A"))
    items = f'<Item number="1"/><Item number="2">{inner}</Item><Item>{inner}</Item>'
    code = {"00080100": {"vr": "SH", "Value": ["A"]}}
    assert said(attribute("00081032", "SQ", items)) == {
        "00081032": {"vr": "SQ", "Value": [{}, code, code]}
    }


def test_bytes() -> None:
    wrapped = "<InlineBinary>\n  AQID\n  BA==\n</InlineBinary>"
    found = of(document(attribute("00281201", "OW", wrapped) + attribute("00281202", "OW")))
    written = element(0x00281201, "OW", b"\x01\x02\x03\x04")
    assert found.raw == DECLARED + written + element(0x00281202, "OW", b"")
    assert said(attribute("00281201", "OW", "<InlineBinary/>")) == {"00281201": {"vr": "OW"}}


def test_bulk_data_has_a_path_and_a_place() -> None:
    uuid = "0d409d26-e9c1-01f1-83c7-d50952259718"
    long = attribute("00281201", "OW", f'<BulkData uuid="{uuid}"></BulkData>')
    items = attribute("00081140", "SQ", f'<Item number="1"/><Item number="2">{long}</Item>')
    pixels = attribute("7FE00010", "OW", f'<BulkData uri="a?b&amp;c" uuid="{uuid}"/>')
    found = of(document(items + pixels))
    told = [(each.path, each.tag, each.vr, each.uri) for each in found.bulk]
    assert told == [
        (((0x00081140, 1),), 0x00281201, "OW", uuid),
        ((), 0x7FE00010, "OW", "a?b&c"),
    ]
    for each in found.bulk:
        header = element(each.tag, each.vr, b"")
        assert found.raw[each.offset : each.offset + len(header)] == header


def test_private_attributes_have_a_block() -> None:
    inner = attribute("00090001", "LO", value("a"), privateCreator="ACME ") + attribute(
        "00090001", "LO", value("b"), privateCreator="OTHER"
    )
    items = attribute("00081140", "SQ", f'<Item number="1">{inner}</Item>')
    told = {
        "00090010": {"vr": "LO", "Value": ["ACME"]},
        "00090011": {"vr": "LO", "Value": ["OTHER"]},
        "00091001": {"vr": "LO", "Value": ["a"]},
        "00091101": {"vr": "LO", "Value": ["b"]},
    }
    assert said(inner + items) == told | {"00081140": {"vr": "SQ", "Value": [told]}}


def test_private_creators_may_stand_there_as_dcmtk_writes_them() -> None:
    inner = (
        attribute("00110012", "LO", value("ACME"))
        + attribute("00110010", "SS", value(7), privateCreator="ACME")
        + attribute("00111001", "SS", value(8))
        + attribute("00110002", "SS", value(9), privateCreator="")
    )
    assert said(inner) == {
        "00110002": {"vr": "SS", "Value": [9]},
        "00110012": {"vr": "LO", "Value": ["ACME"]},
        "00111001": {"vr": "SS", "Value": [8]},
        "00111210": {"vr": "SS", "Value": [7]},
    }


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"{}", "XML: not well-formed"),
        (b"<html/>", "XML: value 'html' does not stand in a document"),
        (b"<NativeDicomModel/><NativeDicomModel/>", "junk"),
        (b'<NativeDicomModel xmlns="urn:x"/>', "is of namespace 'urn:x'"),
        (document("x"), "NativeDicomModel: value 'x' is text in NativeDicomModel"),
        (document("<NativeDicomModel/>"), "does not stand in NativeDicomModel"),
        (document("<Value/>"), "'Value' does not stand in NativeDicomModel"),
        (document("<Item/>"), "does not stand in NativeDicomModel"),
        (document("<!-- --><DicomAttribute/>"), "'': is no tag of eight digits"),
        (document(attribute("0010001", "PN")), "'0010001': is no tag of eight digits"),
        (document(attribute("PatientName", "PN")), "is no tag"),
        (document(attribute("0010,0010", "PN")), "is no tag"),
        (document('<DicomAttribute tag="00100010"/>'), "(0010,0010): vr '' is none of"),
        (document(attribute("00100010", "ZZ")), "(0010,0010): vr 'ZZ' is none of"),
        (document(attribute("00100010", "PN", name="x")), "'name' is no attribute of Dicom"),
        (
            document(attribute("001021b0", "LT") + attribute("001021B0", "LT")),
            "1B0): stands twice",
        ),
        (document(attribute("00000100", "US")), "(0000,0100): is of no data set"),
        (document(attribute("FFFEE000", "OB")), "(FFFE,E000): is of no data set"),
        (
            document(attribute("00100020", "LO", value(1), privateCreator="X")),
            "creates what",
        ),
        (
            document(attribute("00090001", "LO", privateCreator="A") * 2),
            "(0009,0001): stands twice",
        ),
    ],
)
def test_w12_documents_that_are_none(data: bytes, rule: str) -> None:
    assert rule in refusal(data)


@pytest.mark.parametrize(
    ("tag", "vr", "inner", "rule"),
    [
        ("00080060", "CS", "CT", "(0008,0060) CS: value 'CT' is text in Dicom"),
        ("00080060", "CS", "<Other/>", "'Other' does not stand in Dicom"),
        ("00080060", "CS", value("<b/>"), "'b' does not stand in Value"),
        ("00080060", "CS", '<Value no="1"/>', "'no' is no attribute of Value"),
        ("00080060", "CS", value("A", 0), "number '0' is not positive"),
        ("00080060", "CS", value("A", -1), "number '-1' is not positive"),
        ("00080060", "CS", '<Value number="a"/>', "number 'a' is not positive"),
        ("00080060", "CS", value("A", 10**8), "or too large"),
        ("00080060", "CS", value("A") * 2, "value 1 is the number of a Value be"),
        ("00080060", "CS", value("A", 2) + value("B"), "number of a Value before"),
        ("00080060", "CS", value("A\\B"), "has a backslash"),
        ("00080060", "CS", value("é"), "is not in the default repertoire"),
        ("00081030", "LO", value("x" * 65_535), "65536 bytes are more than 65534"),
        ("00104000", "LT", value("A") + value("B", 2), "is one too many"),
        ("00100010", "PN", value("Doe^J"), "'Value' is not for this VR"),
        ("00080060", "CS", "<PersonName/>", "'PersonName' is not for this VR"),
        ("00080060", "CS", "<Item/>", "'Item' is not for this VR"),
        ("00081140", "SQ", value(1), "'Value' is not for this VR"),
        ("00091001", "OB", value(1), "value '1' is not InlineBinary"),
        ("00080060", "CS", "<InlineBinary>AQI=</InlineBinary>", "not for this VR"),
        ("00091001", "OB", "<InlineBinary>A</InlineBinary>", "is not base64"),
        ("00091001", "OW", "<InlineBinary>AQ==</InlineBinary>", "no whole words"),
        ("00091001", "OB", "<InlineBinary/>" * 2, "'InlineBinary' stands there tw"),
        ("00091001", "UC", value(1) + '<BulkData uri="x"/>', "stands beside Value"),
        ("00091001", "UC", '<BulkData uri="x"/>' + value(1), "beside BulkData"),
        ("7FE00010", "OW", '<BulkData uri="x"/>' * 2, "stands there twice"),
        ("7FE00010", "OW", "<BulkData/>", "value '' is no URI"),
        ("7FE00010", "OW", '<BulkData uri="x">y</BulkData>', "is text in Bulk"),
        ("7FE00010", "OB", '<DataFragment number="1"/>', "'DataFragment' does not"),
        ("00080060", "CS", '<BulkData uri="x"/>', "of a VR that has none"),
        ("00081140", "SQ", '<Item number="2"/>', "value 2 is not the next number"),
        ("00081140", "SQ", '<Item number="1"/>' * 2, "1 is not the next number"),
        ("00100010", "PN", "<PersonName>A</PersonName>", "is text in PersonName"),
        ("00100010", "PN", "<PersonName><Given/></PersonName>", "does not stand"),
    ],
)
def test_w12_attributes_that_are_none(tag: str, vr: str, inner: str, rule: str) -> None:
    assert rule in refusal(document(attribute(tag, vr, inner)))


@pytest.mark.parametrize(
    ("inner", "rule"),
    [
        (attribute("00280010", "US", value(-1)), "(0028,0010) US: value -1 is out of its range"),
        (attribute("00280010", "US", value("x")), "(0028,0010) US: value 'x' is no whole number"),
        (attribute("00280010", "US", "x"), "(0028,0010) US: value 'x' is text in DicomAttribute"),
        ("<Value/>", "Item: value 'Value' does not stand in Item"),
        ("x", "Item: value 'x' is text in Item"),
    ],
)
def test_w12_a_refusal_says_where(inner: str, rule: str) -> None:
    item = f'<Item number="1">{inner}</Item>'
    data = document(attribute("00081140", "SQ", item))
    assert refusal(data).startswith(f"(0008,1140) item 1 {rule}")
    inside = attribute("00081140", "SQ", item)
    deeper = attribute("00081115", "SQ", f"<Item/><Item>{inside}</Item>")
    assert refusal(document(deeper)).startswith(f"(0008,1115) item 2 (0008,1140) item 1 {rule}")


@pytest.mark.parametrize(
    ("groups", "rule"),
    [
        ("<Alphabetic>A</Alphabetic>", "'A' is text in Alphabetic"),
        ("<Alphabetic/><Alphabetic/>", "'Alphabetic' stands there twice"),
        ("<Alphabetic><GivenName/><GivenName/></Alphabetic>", "'GivenName' stands there twice"),
        ("<Alphabetic><GivenName><a/></GivenName></Alphabetic>", "'a' does not stand in GivenName"),
        ("<Phonetic><GivenName>A=B</GivenName></Phonetic>", "has '=' in a component group"),
        ("<Phonetic><GivenName>A^B</GivenName></Phonetic>", "has '^' in its GivenName"),
        ("<Phonetic><GivenName>A\\B</GivenName></Phonetic>", "has a backslash"),
        ("<SingleByte/>", "'SingleByte' does not stand in PersonName"),
    ],
)
def test_w12_names_that_are_none(groups: str, rule: str) -> None:
    name = f'<PersonName number="1">{groups}</PersonName>'
    assert rule in refusal(document(attribute("00100010", "PN", name)))


def nested(depth: int) -> bytes:
    start = '<DicomAttribute tag="00081140" vr="SQ"><Item number="1">'
    return document(start * depth + "</Item></DicomAttribute>" * depth)


def test_w12_depth_is_bounded() -> None:
    assert of(nested(MAX_DEPTH)).raw.startswith(DECLARED)
    for depth in (MAX_DEPTH + 1, 100_000):
        assert f"deeper than {MAX_DEPTH}" in refusal(nested(depth))


def test_w12_elements_and_items_are_bounded_over_all_documents() -> None:
    assert len(read_native_xml([document("")] * 6, 12)) == 6
    with pytest.raises(NativeModelError, match="NativeDicomModel: more than 6 elements"):
        read_native_xml([document("")] * 7, 6)
    items = document(attribute("00081140", "SQ", "<Item/>" * 5))
    assert len(read_native_xml([items], 8)) == 1
    with pytest.raises(NativeModelError, match="item 5 : more than 7 elements"):
        read_native_xml([items], 7)
    private = document(attribute("00090001", "LO", privateCreator="A"))
    assert len(read_native_xml([private] * 2, 8)) == 2
    with pytest.raises(NativeModelError, match="Private Creator: more than 7 elements"):
        read_native_xml([private] * 2, 7)


def test_w12_values_are_bounded_over_all_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_attributes, "MAX_VALUES", 6)
    three = document(attribute("00080008", "CS", value("A") + value("B", 3)))
    assert len(read_native_xml([three] * 2)) == 2
    with pytest.raises(NativeModelError, match=r"\(0008,0008\): more than 6 values"):
        read_native_xml([three] * 3)
    name = "<PersonName><Alphabetic><GivenName/></Alphabetic></PersonName>"
    found = said(attribute("00101001", "PN", name * 2))
    assert found == {"00101001": {"vr": "PN", "Value": [None, None]}}
    assert "more than 6 values" in refusal(document(attribute("00101001", "PN", name * 3)))


def test_w12_what_is_left_out_is_bounded() -> None:
    inner = "".join(value("A", number) for number in (65, 130))
    assert len(said(attribute("00080008", "CS", inner))["00080008"]["Value"]) == 130
    assert "leaves out more than 64" in refusal(
        document(attribute("00080008", "CS", value("A", 66)))
    )


def test_numbers_are_little_endian() -> None:
    found = of(document(attribute("00280010", "US", value(512))))
    assert found.raw == DECLARED + element(0x00280010, "US", struct.pack("<H", 512))


def by_creator(told: Mapping[str, Any]) -> dict[str, Any]:
    """A data set with private attributes by who reserved them: of their blocks XML says nothing.

    It tells no Private Creators either, so that one for nothing is lost.
    """
    found: dict[str, Any] = {}
    for name, each in told.items():
        tag = int(name, 16)
        reserving = creator_tag(tag)
        creator = told.get(f"{reserving:08X}", {}).get("Value", [""])[0] if reserving else ""
        if is_creator(tag):
            continue
        key = f"{name[:4]}xx{name[6:]} {creator}" if creator else name
        items = each.get("Value", []) if each["vr"] == VR.SQ else []
        found[key] = each | {"Value": [by_creator(item) for item in items]} if items else each
    return found


def refused_or_model(read: Any, data: Any) -> Any:
    try:
        (found,) = read(data)
    except DicomError as refused:
        return str(refused)
    return by_creator(model(found))


def test_of_the_corpus_everything_is_read_as_in_json() -> None:
    """Also what JSON refuses, in its words: all of these are rules of both."""
    for each in objects():
        told = to_json(read_data_set(each.inflated, each.syntax, stop_before=0x7FE00000))
        in_json = refused_or_model(read_json, json_bytes(json_text(told)))
        in_xml = refused_or_model(read_native_xml, [to_native_xml(told)])
        assert in_xml == in_json, each.path


@given(DATA_SETS)
def test_what_is_read_says_what_was_written(told: dict[str, Any]) -> None:
    (found,) = read_native_xml([to_native_xml(in_xml(told))])
    assert by_creator(model(found)) == by_creator(in_xml(told) | UNICODE)


def in_xml(told: Any) -> Any:
    """What XML can hold of it: its characters, names without spaces around components."""
    if isinstance(told, dict) and set(told) <= set(NAME_GROUPS):
        return {name: "^".join(components(in_xml(each))).rstrip("^") for name, each in told.items()}
    if isinstance(told, dict):
        return {name: in_xml(each) for name, each in told.items() if not is_creator_name(name)}
    if isinstance(told, list):
        return [in_xml(each) for each in told]
    return native_xml._NO_CHARACTER.sub("\ufffd", told) if isinstance(told, str) else told


def is_creator_name(name: str) -> bool:
    return name not in {"vr", "Value"} and is_creator(int(name, 16))
