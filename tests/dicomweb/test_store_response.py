import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.errors import DicomError
from pacsd.dicom.native_xml import to_native_xml
from pacsd.dicom.xml_syntax import MAX_TAG_BYTES
from pacsd.dicomweb.errors import DicomWebError
from pacsd.dicomweb.store_response import MAX_DEPTH, StoreResponse, read_store_response

JSON, XML = "application/dicom+json", "application/dicom+xml"


def sequence(*items: dict[str, object]) -> dict[str, object]:
    return {"vr": "SQ", "Value": list(items)}


def reference(uid: str, **reasons: int) -> dict[str, object]:
    item: dict[str, object] = {
        "00081150": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.2"]},
        "00081155": {"vr": "UI", "Value": [uid]},
    }
    tags = {"warning": "00081196", "failure": "00081197"}
    return item | {tags[name]: {"vr": "US", "Value": [value]} for name, value in reasons.items()}


SAID = {
    "00081190": {"vr": "UR", "Value": ["http://a/studies/1"]},
    "00081198": sequence(
        reference("1.3", failure=0xA700), {"00081155": reference("1.5")["00081155"]}
    ),
    "00081199": sequence(reference("1.1"), reference("1.2", warning=0xB000)),
    "0008119A": sequence({"00081197": {"vr": "US", "Value": [0xC000]}}),
}
READ = StoreResponse({"1.1": 0, "1.2": 0xB000, "1.3": 0xA700, "1.5": 0x0110}, (0xC000,))


@pytest.mark.parametrize("content_type", [JSON, "application/json; charset=utf-8"])
def test_in_json(content_type: str) -> None:
    assert read_store_response(json.dumps(SAID).encode(), content_type) == READ
    assert read_store_response(json.dumps([SAID]).encode(), content_type) == READ


@pytest.mark.parametrize("content_type", [XML, "text/xml", "application/xml"])
def test_in_xml(content_type: str) -> None:
    assert read_store_response(to_native_xml(SAID), content_type) == READ  # type: ignore[arg-type]


def test_in_xml_with_prefixes_and_line_breaks() -> None:
    xml = """<?xml version="1.0" encoding="UTF-8"?>
<d:NativeDicomModel xmlns:d="http://dicom.nema.org/PS3.19/models/NativeDICOM">
  <d:DicomAttribute tag="00081199" vr="SQ" keyword="ReferencedSOPSequence">
    <d:Item number="1">
      <d:DicomAttribute tag="00081155" vr="UI"><d:Value number="1">
        1.2.3</d:Value></d:DicomAttribute>
      <d:DicomAttribute tag="00081196" vr="US"><d:Value number="1">45056</d:Value>
        <d:Value number="2">7</d:Value></d:DicomAttribute>
    </d:Item>
  </d:DicomAttribute>
</d:NativeDicomModel>"""
    assert read_store_response(xml.encode(), XML) == StoreResponse({"1.2.3": 0xB000})


def test_what_failed_counts() -> None:
    said = {
        "00081199": sequence(reference("1.1")),
        "00081198": sequence(reference("1.1", failure=9)),
    }
    assert read_store_response(json.dumps(said).encode(), JSON).statuses == {"1.1": 9}
    assert len(read_store_response(b"{}", JSON)) == 0
    assert len(READ) == 5


BILLION = b'<!DOCTYPE a [<!ENTITY b "cc"><!ENTITY d "&b;&b;">]><a>&d;</a>'
DEEP = b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1)


@pytest.mark.parametrize(
    ("data", "content_type", "why"),
    [
        (b"<html>", "text/html", "is no Store Instances Response"),
        (b"{}", "", "is no Store Instances Response"),
        (b"{", JSON, "RFC 8259"),
        (b"7", JSON, "is no object"),
        (b'{"00081199": {"vr": "SQ", "Value": [7]}}', JSON, "is no object"),
        (b"", XML, "XML 1.0"),
        (b"<a>", XML, "XML 1.0"),
        (b"<a>\xff</a>", XML, "XML 1.0"),
        (BILLION, XML, "document type 'a' is not read"),
        (b'<?xml version="1.0" encoding="EBCDIC-CP-US"?><a/>', XML, "encoding 'EBCDIC-CP-US'"),
        (b'<a b="' + b"x" * 2 * MAX_TAG_BYTES + b'"/>', XML, "more than 262144 bytes"),
        (DEEP, XML, "nests deeper than 64"),
        (b'<a><DicomAttribute tag="zz"/></a>', XML, "is no tag of eight digits"),
        (b'<a><DicomAttribute vr="SQ"/></a>', XML, "is no tag of eight digits"),
        (to_native_xml({"00081198": sequence(reference("1.1", failure=70_000))}), XML, "16-bit"),  # type: ignore[dict-item]
    ],
)
def test_w41_what_is_none(data: bytes, content_type: str, why: str) -> None:
    with pytest.raises((DicomError, DicomWebError), match=why) as refused:
        read_store_response(data, content_type)
    assert str(refused.value).isprintable()


def said_of(data: bytes, content_type: str) -> str:
    """Why it is refused, or "" if it is read."""
    try:
        read_store_response(data, content_type)
    except (DicomError, DicomWebError) as error:
        return str(error)
    return ""


@given(st.binary(max_size=200), st.sampled_from([JSON, XML]))
def test_w41_anything_is_read_or_refused(data: bytes, content_type: str) -> None:
    assert said_of(data, content_type).isprintable()


@given(st.text(max_size=60))
def test_w41_anything_within_xml_is_read_or_refused(text: str) -> None:
    xml = to_native_xml(SAID).decode().replace("1.3", text)  # type: ignore[arg-type]
    assert said_of(xml.encode(errors="surrogatepass"), XML).isprintable()
