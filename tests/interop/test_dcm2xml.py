"""DCMTK's `dcm2xml` in the Native DICOM Model as metadata of STOW-RS, stored and read back."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import pytest
from pydicom import Dataset, dcmread
from pydicom.data import get_charset_files, get_testdata_file
from pydicom.dataelem import DataElement

from pacsd.testing.daemon import Running, running
from tests.interop import peers
from tests.net.web.test_storing_metadata import CHARACTER_SET, lines
from tests.net.web.uploading import RELATED_XML, Bulk, upload_xml

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.filterwarnings("ignore::UserWarning"),  # devices write such objects
]

PATHS = [Path(str(get_testdata_file(f"{name}.dcm"))) for name in (
    "CT_small", "MR_small_implicit", "image_dfl", "rtplan", "test-SR",
)] + [Path(path) for name in ("Arab", "FrenMulti", "Germ", "Greek", "Hbrw", "Russ")
      for path in get_charset_files(f"chr{name}.dcm")]  # fmt: skip
"""What is not compressed, and in character sets that it knows the names of.

Names without all component groups, or empty, are not among them: where one is missing, DCMTK 3.6.7
writes that of before once more.
"""
OPTIONS: Sequence[Sequence[str]] = [(), ("+Xn",), ("+Xn", "+U8")]


@pytest.fixture
def daemon() -> Iterator[Running]:
    with running() as started:
        yield started
        assert started.stop() == 0
        assert [line for line in started.lines if line.get("level") == "error"] == []


def asked(daemon: Running, method: str, target: str, body: bytes, **headers: str) -> bytes:
    with closing(HTTPConnection(peers.LOOPBACK, daemon.http_port, timeout=60)) as connection:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, f"/dicomweb{target}", body, named)
        answer = connection.getresponse()
        said = answer.read()
        assert answer.status == 200, (said, answer.headers["Warning"])
        return said


def elements(ds: Dataset) -> Iterator[DataElement]:
    """In the order of the file, without group lengths, which DCMTK leaves out."""
    for each in ds:
        if each.tag.element and each.tag != CHARACTER_SET:
            yield each
            for item in each.value if each.VR == "SQ" else ():
                yield from elements(item)


def attributes(inside: Element) -> Iterator[Element]:
    """Without Specific Character Set, which `+U8` makes one of, if there is none."""
    for each in inside:
        if each.get("tag") == f"{CHARACTER_SET:08X}":
            continue
        yield each
        for item in each if each.get("vr") == "SQ" else ():
            yield from attributes(item)


def bulk_of(document: bytes, ds: Dataset) -> Iterator[Bulk]:
    """What a document refers to by a UUID, from the file that it was made of."""
    told, known = list(attributes(fromstring(document))), list(elements(ds))  # noqa: S314 - DCMTK's
    assert len(told) == len(known)
    for attribute, element in zip(told, known, strict=True):
        for child in attribute:
            uuid = child.get("uuid")
            if uuid is not None:
                assert isinstance(element.value, bytes)
                yield Bulk(uuid, element.value)


@pytest.mark.parametrize("options", OPTIONS, ids="".join)
def test_what_it_writes_is_stored(daemon: Running, tmp_path: Path, options: Sequence[str]) -> None:
    for path in PATHS:
        ds = dcmread(path)
        written = tmp_path / f"{path.name}.xml"
        peers.run(peers.program("dcm2xml"), "-q", "-nat", *options, path, written)
        document = written.read_bytes()
        body = upload_xml([document], *bulk_of(document, ds))
        asked(daemon, "POST", "/studies", body, Content_Type=RELATED_XML)
        uids = (ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID)
        target = "/studies/{}/series/{}/instances/{}".format(*uids)
        file = asked(daemon, "GET", target, b"", Accept="application/dicom; transfer-syntax=*")
        again = dcmread(BytesIO(file))
        assert lines(again, again) == lines(ds, ds), path.name
