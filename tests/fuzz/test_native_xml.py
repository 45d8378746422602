"""Fuzz entry of the Native DICOM Model: read of any document, or refused by a named error."""

import pytest

from pacsd.dicom.data_set import read_data_set
from pacsd.dicom.errors import JsonModelError, NativeModelError
from pacsd.dicom.json_model import to_json
from pacsd.dicom.native_xml import to_native_xml
from pacsd.dicom.xml_reader import read_native_xml
from tests.dicom.corpus import objects
from tests.dicom.test_rewrite import sample
from tests.dicom.written import BIG, EXPLICIT, IMPLICIT
from tests.fuzz.campaign import MAX_INPUT_BYTES, long_iterations, run


def read(data: bytes) -> object:
    """What is read can be read as a data set."""
    found = read_native_xml([data])
    return [read_data_set(each.raw, EXPLICIT, keeps_empty_items=True) for each in found]


def written() -> list[bytes]:
    made = [to_native_xml(to_json(read_data_set(sample(each), each))) for each in (IMPLICIT, BIG)]
    told = (to_json(read_data_set(each.inflated, each.syntax)) for each in objects())
    return made + [each for each in map(to_native_xml, told) if len(each) < MAX_INPUT_BYTES]


def document(inner: str, encoding: str = "utf-8") -> bytes:
    return f"<NativeDicomModel>{inner}</NativeDicomModel>".encode(encoding)


SEVERAL = """<DicomAttribute tag="00090001" vr="LO" privateCreator="ACME"><Value number="1">a</Value
><Value number="3">&lt;</Value></DicomAttribute><DicomAttribute tag="00100010" vr="PN"><PersonName
number="1"><Alphabetic><FamilyName>D</FamilyName><NameSuffix>^</NameSuffix></Alphabetic><Phonetic/>
</PersonName></DicomAttribute><DicomAttribute tag="00081140" vr="SQ"><Item><DicomAttribute
tag="7FE00010" vr="OW"><BulkData uuid="x"/></DicomAttribute></Item></DicomAttribute><DicomAttribute
tag="00091003" vr="FD"><Value number="1">-inf</Value></DicomAttribute><DicomAttribute
tag="00281201" vr="OW"><InlineBinary>AA ==</InlineBinary></DicomAttribute>"""
CORPUS = [
    *written(),
    document(SEVERAL),
    document(SEVERAL, "utf-16"),
    b'<?xml version="1.0" encoding="ISO-8859-5"?>' + document("<!-- \xa0 -->"),
    b'<!DOCTYPE a [<!ENTITY b "c">]><NativeDicomModel>&b;</NativeDicomModel>',
    b'<n:NativeDicomModel xmlns:n="http://dicom.nema.org/PS3.19/models/NativeDICOM"/>',
]
ALLOWED = (NativeModelError, JsonModelError)


@pytest.fixture(scope="module", autouse=True)
def first_uses() -> None:
    """What is read in once, when first needed, is no part of an input's budget of lines."""
    for each in CORPUS[:3]:
        read(each)


def test_a_slice() -> None:
    report = run(read, CORPUS, ALLOWED, iterations=1_000, seed=1)
    assert report.parsed
    assert set(report.refused) == {each.__name__ for each in ALLOWED}


@pytest.mark.fuzz
@pytest.mark.timeout(0)
def test_a_campaign() -> None:
    run(read, CORPUS, ALLOWED, long_iterations(), seed=2)
