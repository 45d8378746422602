"""Every object there is by every resource of DICOMweb, as plain HTTP: byte by byte, value by value.

What `test_dicomweb.py` shows with dicomweb-client is not repeated here.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from requests import Response, Session

from pacsd.dicom.part10 import decode_file_meta
from pacsd.dicom.private import is_creator
from pacsd.dicom.reencode import REENCODABLE
from pacsd.dicomweb.required_attributes import required_attributes
from pacsd.dicomweb.targets import MAX_FRAMES, Kind
from tests.archive.test_bulk_data import by_pydicom, references
from tests.archive.test_frame_reading import expected as frames_by_pydicom
from tests.dicom.test_reencode import differing_lines
from tests.dicom.written import EXPLICIT
from tests.interop.test_dicomweb import (
    Archive,
    Sent,
    base_of,
    in_quiet,
    stored_corpus,
    without_base,
)

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.filterwarnings("ignore::UserWarning"),  # devices write such objects
    pytest.mark.filterwarnings("ignore::DeprecationWarning:retrying"),
]

TIMEOUT_S = 30.0
DICOM, OCTETS = "application/dicom", "application/octet-stream"
SPACE = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"
PIXEL_DATA = 0x7FE00010
Attributes = Mapping[str, Any]
Part = tuple[Mapping[str, str], bytes]

# Made for the answer, of whatever the objects say (PS3.18 tables 10.6.3-3 to 10.6.3-5).
OF_THE_ARCHIVE = {"00080056", "00080061", "00081190", "00201206", "00201208", "00201209"}
NO_FRAMES = {"badVR.dcm": "its Number of Frames is 1A, which is no number"}
"""File -> why it has pixels, but no frames to compare."""

REQUEST_ATTRIBUTES = "00400275"

SAID_OTHERWISE = {
    ("sr_document.dcm", "00080201"): "an offset from UTC is kept of a series, not of each instance",
    ("badVR.dcm", "00280008"): "what is no whole number is not told as one",
}
"""(file, attribute) -> why a search says something else than the file."""


@pytest.fixture(scope="module")
def archive() -> Iterator[Archive]:
    with in_quiet(), stored_corpus() as made:
        yield made


@pytest.fixture(scope="module")
def http() -> Iterator[Session]:
    with Session() as session:
        session.headers.clear()
        yield session


def get(http: Session, url: str, accept: str = "*/*", **headers: str) -> Response:
    answer = http.get(url, headers={"Accept": accept, **headers}, timeout=TIMEOUT_S)
    assert answer.status_code in {200, 206}, (url, answer.content[:300])
    return answer


def url_of(archive: Archive, each: Sent) -> str:
    return base_of(archive, each).removesuffix("/bulkdata/")


def parts(answer: Response) -> list[Part]:
    """The parts between what stands between them: no data has those 32 digits in it."""
    found = re.search("boundary=([^;]+)", answer.headers["Content-Type"])
    assert found is not None
    before, *pieces, after = answer.content.split(f"--{found[1]}".encode())
    assert (before, after) == (b"", b"--\r\n")
    return [part(piece) for piece in pieces]


def part(piece: bytes) -> Part:
    head, _, body = piece.partition(b"\r\n\r\n")
    assert body.endswith(b"\r\n")
    lines = [line.partition(": ") for line in head.decode("ascii").split("\r\n") if line]
    headers = {name.lower(): value for name, _, value in lines}
    assert int(headers.get("content-length", len(body) - 2)) == len(body) - 2
    return headers, body[:-2]


def opened(file: bytes) -> tuple[str, bytes]:
    """The Transfer Syntax and the data set of a file."""
    meta, offset = decode_file_meta(file)
    return meta.transfer_syntax_uid, file[offset:]


def test_instances_as_they_are_stored(archive: Archive, http: Session) -> None:
    for each in archive.sent.values():
        answer = get(http, url_of(archive, each), f"{DICOM}; transfer-syntax=*")
        syntax = each.of.syntax.uid
        assert answer.headers["Content-Type"] == f"{DICOM}; transfer-syntax={syntax}"
        assert opened(answer.content) == (syntax, each.of.data_set), each.of.path


def test_instances_in_explicit_vr_little_endian(archive: Archive, http: Session) -> None:
    """What is compressed is not had so; all else says the same to pydicom."""
    compared = 0
    for each in archive.sent.values():
        url, wanted = url_of(archive, each), f"{DICOM}; transfer-syntax={EXPLICIT.uid}"
        if each.of.syntax.uid not in REENCODABLE:
            refused = http.get(url, headers={"Accept": wanted}, timeout=TIMEOUT_S)
            assert refused.status_code == 406, each.of.path
            continue
        syntax, data = opened(get(http, url, wanted).content)
        assert syntax == EXPLICIT.uid
        assert differing_lines(data, EXPLICIT, each.of) == [], each.of.path
        compared += 1
    assert compared > 50


# Metadata


def in_json(said: Mapping[str, Any]) -> list[Any]:
    """Tag, creator, VR and values of all attributes that are no private creators, as text."""
    return [
        (*identity(int(name, 16), said), attribute["vr"], *content_of(attribute))
        for name, attribute in said.items()
        if not is_creator(int(name, 16))
    ]


def identity(tag: int, said: Mapping[str, Any]) -> tuple[str, str | None]:
    """A private element whose creator is told is named by him, without its block (PS3.19 A.1.5)."""
    block = said.get(f"{tag >> 16:04X}00{tag >> 8 & 0xFF:02X}", {}) if tag >> 16 & 1 else {}
    creator = in_xml_characters(block.get("Value", [""])[0] or "")
    return (f"{tag & 0xFFFF00FF:08X}", creator) if creator else (f"{tag:08X}", None)


def content_of(attribute: Mapping[str, Any]) -> tuple[str, Any]:
    if "Value" not in attribute:
        ((kind, text),) = [*((k, v) for k, v in attribute.items() if k != "vr")] or [("Value", [])]
        return kind, text
    values = attribute["Value"]
    if attribute["vr"] == "SQ":
        return "Value", [in_json(item) for item in values]
    if attribute["vr"] == "PN":
        return "Value", [groups_of(name) for name in values]
    return "Value", ["" if value is None else in_xml_characters(str(value)) for value in values]


def groups_of(name: Mapping[str, str] | None) -> Mapping[str, str]:
    """Component groups that are not empty."""
    given = {
        group: "^".join(part.strip(" ") for part in in_xml_characters(text).split("^")).rstrip("^")
        for group, text in (name or {}).items()
    }
    return {group: text for group, text in given.items() if text}


def in_xml_characters(text: str) -> str:
    return re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)


def in_xml(data_set: Element) -> list[Any]:
    """The same of the Native DICOM Model."""
    return [
        (each.get("tag"), each.get("privateCreator"), each.get("vr"), *content_in_xml(each))
        for each in data_set
    ]


def content_in_xml(attribute: Element) -> tuple[str, Any]:
    kinds = {child.tag.removeprefix(SPACE) for child in attribute}
    if "BulkData" in kinds:
        return "BulkDataURI", attribute[0].get("uri")
    if "InlineBinary" in kinds:
        return "InlineBinary", attribute[0].text
    if "Item" in kinds:
        return "Value", [in_xml(item) for item in attribute]
    if attribute.get("vr") == "PN":
        return "Value", [name_in_xml(name) for name in attribute]
    return "Value", [value.text or "" for value in attribute]


COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")


def name_in_xml(name: Element) -> Mapping[str, str]:
    return {
        group.tag.removeprefix(SPACE): "^".join(
            group.findtext(SPACE + component, "") for component in COMPONENTS
        ).rstrip("^")
        for group in name
        if len(group)
    }


def test_metadata_in_xml_says_what_it_says_in_json(archive: Archive, http: Session) -> None:
    for each in archive.sent.values():
        url = f"{url_of(archive, each)}/metadata"
        (said,) = get(http, url, "application/dicom+json").json()
        (told,) = parts(get(http, url, 'multipart/related; type="application/dicom+xml"'))
        assert told[0]["content-type"] == "application/dicom+xml"
        root = fromstring(told[1].decode())  # noqa: S314 - our own daemon wrote it
        assert in_xml(root) == in_json(said), each.of.path


# Frames and values


def wanted_frames(each: Sent) -> Sequence[bytes] | None:
    """By pydicom; where it does not divide them, the bits of its value; None of what has none."""
    ds = each.of.as_pydicom_reads()
    if "PixelData" not in ds or each.of.path.name in NO_FRAMES:
        return None
    return frames_by_pydicom(each.of) or divided(each, ds)


def divided(each: Sent, ds: Dataset) -> Sequence[bytes]:
    """Frames one after the other in Little Endian, of whole bytes or not."""
    value, count = by_pydicom(each.of, (), PIXEL_DATA), int(ds.get("NumberOfFrames") or 1)
    if count == 1:
        return [value]
    size = ds.Rows * ds.Columns * ds.SamplesPerPixel * ds.BitsAllocated
    bits = np.unpackbits(np.frombuffer(value, np.uint8), bitorder="little")
    frames = (bits[at * size : (at + 1) * size] for at in range(count))
    return [np.packbits(frame, bitorder="little").tobytes() for frame in frames]


def is_frame(got: bytes, wanted: bytes) -> bool:
    """An Extended Offset Table knows the length without padding."""
    return got == wanted or bool(got and wanted.startswith(got) and len(wanted) - len(got) == 1)


def test_all_frames_in_a_list_and_the_last_alone(archive: Archive, http: Session) -> None:
    compared = 0
    for each in archive.sent.values():
        wanted = wanted_frames(each)
        if wanted is None:
            continue
        url, got = f"{url_of(archive, each)}/frames", list[Part]()
        for first in range(1, len(wanted) + 1, MAX_FRAMES):
            numbers = range(first, min(first + MAX_FRAMES, len(wanted) + 1))
            got += parts(get(http, f"{url}/{','.join(map(str, numbers))}"))
        assert len(got) == len(wanted)
        assert all(map(is_frame, (body for _, body in got), wanted)), each.of.path
        headers, body = got[-1]
        alone = get(http, f"{url}/{len(wanted)}", f"{headers['content-type']}, */*; q=0.1")
        if alone.headers["Content-Type"].startswith("multipart/"):
            alone = get(http, f"{url}/{len(wanted)}", headers["content-type"])
        assert (alone.headers["Content-Type"], alone.content) == (headers["content-type"], body)
        compared += len(wanted)
    assert compared > 100


def values_of(archive: Archive, http: Session, each: Sent) -> Iterator[tuple[str, bytes]]:
    """Each BulkDataURI, and the bytes that are there in the file; not those in fragments."""
    base = base_of(archive, each)
    (said,) = get(http, f"{url_of(archive, each)}/metadata").json()
    for path, tag in references(without_base(said, base)):
        if (path, tag) == ((), PIXEL_DATA) and each.of.syntax.is_encapsulated:
            continue
        steps = [f"{of:08X}/{number + 1}" for of, number in path]
        yield base + "/".join([*steps, f"{tag:08X}"]), by_pydicom(each.of, path, tag)


def test_bulk_data_as_bytes_and_some_of_them(archive: Archive, http: Session) -> None:
    compared = 0
    for each in archive.sent.values():
        for url, wanted in values_of(archive, http, each):
            assert get(http, url, OCTETS).content == wanted, url
            size = len(wanted)
            if size < 4:
                continue
            some = get(http, url, OCTETS, Range=f"bytes=1-{size - 3}")
            assert (some.status_code, some.content) == (206, wanted[1:-2])
            assert some.headers["Content-Range"] == f"bytes 1-{size - 3}/{size}"
            last = get(http, url, OCTETS, Range="bytes=-3")
            assert (last.status_code, last.content) == (206, wanted[-3:])
            compared += 1
    assert compared > 50


def test_bulk_data_in_fragments_is_all_frames(archive: Archive, http: Session) -> None:
    compared = 0
    for each in archive.sent.values():
        wanted = wanted_frames(each)
        if wanted is None or not each.of.syntax.is_encapsulated:
            continue
        got = parts(get(http, f"{base_of(archive, each)}7FE00010"))
        assert len(got) == len(wanted)
        assert all(map(is_frame, (body for _, body in got), wanted)), each.of.path
        compared += len(got)
    assert compared > 20


# Studies in a ZIP


def test_every_study_in_a_zip(archive: Archive, http: Session) -> None:
    for study in archive.studies():
        answer = get(http, f"{archive.client.base_url}/studies/{study}", "application/zip")
        with zipfile.ZipFile(BytesIO(answer.content)) as zipped:
            assert zipped.testzip() is None
            directory, *names = zipped.namelist()
            found = [zipped.read(name) for name in names]
            records = dcmread(BytesIO(zipped.read(directory))).DirectoryRecordSequence
        named = {"/".join(each.ReferencedFileID) for each in records if "ReferencedFileID" in each}
        sent = [each for each in archive.sent.values() if each.uids[0] == study]
        assert sorted(map(opened, found)) == sorted(
            (each.of.syntax.uid, each.of.data_set) for each in sent
        )
        # Some SOP Classes have no directory record (PS3.3 section F.5).
        assert named == {name for name in names if "/XX" not in name}


# Searches


def told_of(archive: Archive, http: Session, path: str) -> list[dict[str, Any]]:
    return list(get(http, f"{archive.client.base_url}{path}").json())


def metadata(archive: Archive, http: Session) -> Mapping[str, dict[str, Any]]:
    """What each instance says of itself."""
    return {
        uid: get(http, f"{url_of(archive, each)}/metadata").json()[0]
        for uid, each in archive.sent.items()
    }


def alike(tag: str, attribute: Mapping[str, Any] | None) -> object:
    """What a search tells of an attribute: moments in one form, of requests what is required."""
    if not attribute or not attribute.get("Value"):
        return None
    values = attribute["Value"]
    if attribute["vr"] == "DA":
        return [each.replace(".", "") for each in values]
    if attribute["vr"] == "TM":
        return [moment(each.replace(":", "")) for each in values]
    if tag == REQUEST_ATTRIBUTES:
        return [{key: item.get(key) for key in ("00400009", "00401001")} for item in values]
    return values


def moment(time: str) -> str:
    whole, _, fraction = time.partition(".")
    return f"{whole:0<6}.{fraction.rstrip('0')}"


def differing(
    found: Mapping[str, Any], instances: Sequence[Mapping[str, Any]], kind: Kind
) -> list[str]:
    """Attributes that a result has otherwise than all of its instances, or not at all."""
    wrong = [
        tag
        for tag in found.keys() - OF_THE_ARCHIVE
        if alike(tag, found[tag]) not in [alike(tag, each.get(tag)) for each in instances]
    ]
    required = {f"{path[0]:08X}" for path in required_attributes(kind)} - OF_THE_ARCHIVE
    missing = [
        tag
        for tag in required - found.keys()
        if all(alike(tag, each.get(tag)) for each in instances)
    ]
    return sorted(wrong + missing)


def of_the_same_patient(known: Iterable[Attributes], of: Attributes) -> list[Attributes]:
    """An archive knows a patient once, by his ID, and of him what came first."""
    own = {tag: value for tag, value in of.items() if not tag.startswith("0010")}
    return [
        {**own, **{tag: value for tag, value in each.items() if tag.startswith("0010")}}
        for each in known
        if each.get("00100020") == of.get("00100020")
    ]


def test_searches_say_what_the_objects_say(archive: Archive, http: Session) -> None:
    known, faults = metadata(archive, http), set[tuple[str, str]]()
    for study in archive.studies():
        of_study = [known[uid] for uid, each in archive.sent.items() if each.uids[0] == study]
        (found,) = told_of(archive, http, f"/studies?StudyInstanceUID={study}")
        may_say = [one for each in of_study for one in of_the_same_patient(known.values(), each)]
        faults |= {(study, tag) for tag in differing(found, may_say, Kind.ALL_STUDIES)}
        assert found["00201208"]["Value"] == [len(of_study)]
        series = told_of(archive, http, f"/studies/{study}/series")
        assert found["00201206"]["Value"] == [len(series)]
        for each in series:
            uid = each["0020000E"]["Value"][0]
            of_series = [one for one in of_study if one["0020000E"]["Value"] == [uid]]
            faults |= {(uid, tag) for tag in differing(each, of_series, Kind.STUDYS_SERIES)}
            assert each["00201209"]["Value"] == [len(of_series)]
            instances = told_of(archive, http, f"/studies/{study}/series/{uid}/instances")
            assert len(instances) == len(of_series)
            faults |= {
                (archive.sent[one].of.path.name, tag)
                for one, said in ((each["00080018"]["Value"][0], each) for each in instances)
                for tag in differing(said, [known[one]], Kind.SERIES_INSTANCES)
            }
    assert faults <= SAID_OTHERWISE.keys()
