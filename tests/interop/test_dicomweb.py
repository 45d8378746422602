"""DICOMweb with dicomweb-client: every object stored, searched for, and had back as it was."""

import json
import logging
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from dicomweb_client.api import DICOMwebClient
from pydicom import Dataset, dcmread, dcmwrite
from requests import HTTPError

from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.inflate import inflate
from pacsd.dicom.json_writer import MAX_INLINE_BYTES
from pacsd.dicom.part10 import decode_file_meta
from pacsd.dicom.registry import transfer_syntax
from pacsd.testing.daemon import Running, running
from tests.archive.test_bulk_data import by_pydicom, references
from tests.archive.test_frame_reading import expected as frames_by_pydicom
from tests.dicom.corpus import CorpusObject, objects
from tests.dicom.test_json_by_pydicom import REASONS, Difference, between, reference
from tests.interop import peers
from tests.interop.known_studies import ALL, OF_13, STUDIES, studies

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.filterwarnings("ignore::UserWarning"),  # devices write such objects
    pytest.mark.filterwarnings("ignore::DeprecationWarning:retrying"),
]

TIMEOUT_S = 5.0
AS_STORED = (("application/dicom", "*"),)
ANY_PIXELS = (("*/*", "*"),)
# Cut short, or with an odd fragment behind which pydicom writes a byte that it does not count.
UNFIT = {
    "JPEGProcess2_4.dcm",
    "MR_truncated.dcm",
    "rtplan_truncated.dcm",
    "emri_small_jpeg_2k_lossless_too_short.dcm",
}
Uids = tuple[str, str, str]


@dataclass(frozen=True)
class Sent:
    """An instance, as it was sent."""

    uids: Uids
    file: bytes
    of: CorpusObject


def client_of(daemon: Running) -> DICOMwebClient:
    """It does not try again: that would hide faults, and take its time."""
    url = f"http://{peers.LOOPBACK}:{daemon.http_port}/dicomweb"
    client = DICOMwebClient(url, timeout=TIMEOUT_S, permissive_uid=True)
    client.set_http_retry_params(retry=False)
    return client


def written(ds: Dataset) -> bytes:
    """The file, as the client writes it."""
    buffer = BytesIO()
    dcmwrite(buffer, ds)
    return buffer.getvalue()


def with_preamble(ds: Dataset) -> Dataset:
    """pydicom 3 writes none of its own accord, and the client does not ask for it."""
    ds.preamble = bytes(128)
    return ds


def data_set_of(file: bytes) -> bytes:
    return file[decode_file_meta(file)[1] :]


def sent_of(each: CorpusObject, ds: Dataset) -> Sent:
    file = written(ds)
    data = data_set_of(file)
    syntax = transfer_syntax(str(ds.file_meta.TransferSyntaxUID))
    assert syntax is not None
    inflated = inflate(data)[0] if syntax.is_deflated else data
    uids = (str(ds.StudyInstanceUID), str(ds.SeriesInstanceUID), str(ds.SOPInstanceUID))
    return Sent(uids, file, CorpusObject(each.path, syntax, data, inflated))


def storable() -> Iterator[tuple[Sent, Dataset]]:
    """Every image and document of the corpus, once in each Transfer Syntax, as of a study."""
    seen: set[str] = set()
    for number, each in enumerate(objects()):
        ds = dcmread(each.path)
        if "SOPInstanceUID" not in ds or "SOPClassUID" not in ds or each.path.name in UNFIT:
            continue
        if not ds.get("StudyInstanceUID") or not ds.get("SeriesInstanceUID"):
            ds.StudyInstanceUID, ds.SeriesInstanceUID = "2.25.1", "2.25.1.1"
        if ds.SOPInstanceUID in seen or not ds.SOPInstanceUID:
            ds.SOPInstanceUID = f"2.25.2.{number}"
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
        seen.add(ds.SOPInstanceUID)
        try:
            sent = sent_of(each, ds)
        except Exception:  # noqa: BLE001, S112 - whatever hinders pydicom to write it
            continue
        yield sent, ds


@contextmanager
def in_quiet() -> Iterator[None]:
    """pydicom and the client keep their opinions on quality to themselves."""
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    logging.disable(logging.NOTSET)


@dataclass(frozen=True)
class Archive:
    """What was stored with the client, and the client."""

    client: DICOMwebClient
    sent: Mapping[str, Sent]
    refused: Sequence[str]

    def studies(self) -> set[str]:
        return {each.uids[0] for each in self.sent.values()}

    def of_series(self) -> Mapping[tuple[str, str], Sequence[Sent]]:
        found: dict[tuple[str, str], list[Sent]] = defaultdict(list)
        for each in self.sent.values():
            found[each.uids[:2]].append(each)
        return found


@contextmanager
def stored_corpus() -> Iterator[Archive]:
    """A daemon of its own to which all objects are sent; in the end it has logged no error."""
    with running("--dimse", "127.0.0.1:0") as daemon:
        client = client_of(daemon)
        sent: dict[str, Sent] = {}
        refused: list[str] = []
        for each, ds in storable():
            try:
                said = client.store_instances([ds])
            except HTTPError:
                refused.append(each.of.path.name)
                continue
            [stored] = said.ReferencedSOPSequence
            assert stored.ReferencedSOPInstanceUID == each.uids[2]
            sent[each.uids[2]] = each
        yield Archive(client, sent, refused)
        assert daemon.stop() == 0
        assert [line for line in daemon.lines if line.get("level") == "error"] == []


@pytest.fixture(scope="module")
def archive() -> Iterator[Archive]:
    with in_quiet(), stored_corpus() as made:
        yield made


def test_every_object_is_stored_that_can_be_read(archive: Archive) -> None:
    assert {*archive.refused} <= {"bad_sequence.dcm"}
    assert len({each.of.syntax.uid for each in archive.sent.values()}) >= 10


def same_as_sent(archive: Archive, got: Sequence[Dataset]) -> set[str]:
    """The UIDs of instances, each of which is byte for byte what was sent."""
    for ds in got:
        each = archive.sent[str(ds.SOPInstanceUID)]
        assert str(ds.file_meta.TransferSyntaxUID) == each.of.syntax.uid
        assert data_set_of(written(ds)) == each.of.data_set, each.of.path
    return {str(ds.SOPInstanceUID) for ds in got}


def test_studies_leave_as_they_came(archive: Archive) -> None:
    for study in archive.studies():
        got = archive.client.retrieve_study(study, media_types=AS_STORED)
        sent = [uid for uid, each in archive.sent.items() if each.uids[0] == study]
        assert same_as_sent(archive, got) == {*sent}
        assert len(got) == len(sent)


def test_series_leave_as_they_came(archive: Archive) -> None:
    for series, group in archive.of_series().items():
        got = archive.client.retrieve_series(*series, media_types=AS_STORED)
        assert same_as_sent(archive, got) == {each.uids[2] for each in group}
        assert len(got) == len(group)


def test_instances_leave_as_they_came(archive: Archive) -> None:
    for each in archive.sent.values():
        got = archive.client.retrieve_instance(*each.uids, media_types=AS_STORED)
        assert same_as_sent(archive, [got]) == {each.uids[2]}


def without_base(said: Any, base: str) -> Any:
    """With BulkDataURIs below their instance."""
    return json.loads(json.dumps(said).replace(base, ""))


def is_private(found: Difference) -> bool:
    """Private elements of no VR are UN (PS3.5 section 6.2.2); pydicom knows some, empty or not."""
    return found.vrs[0] == "UN" and vr_of(found.tag) is None


def unexplained(each: Sent, said: Mapping[str, Any]) -> list[str]:
    """What the metadata says otherwise than pydicom, for no reason that is known."""
    read = each.of.as_pydicom_reads()
    told = read.to_json_dict(MAX_INLINE_BYTES + 1, reference, suppress_invalid_tags=True)
    return [
        f"{each.of.path.name} {found.path}: {found.ours} {found.theirs}"[:300]
        for found in between(each.of, read, (), said, json.loads(json.dumps(told)))
        if not is_private(found) and not any(holds(found) for holds in REASONS.values())
    ]


def base_of(archive: Archive, each: Sent) -> str:
    study, series, instance = each.uids
    url = f"{archive.client.base_url}/studies/{study}/series/{series}/instances/{instance}"
    return f"{url}/bulkdata/"


def test_metadata_says_what_pydicom_says(archive: Archive) -> None:
    faults: list[str] = []
    for study in archive.studies():
        for said in archive.client.retrieve_study_metadata(study):
            each = archive.sent[said["00080018"]["Value"][0]]
            assert said == archive.client.retrieve_instance_metadata(*each.uids)
            faults += unexplained(each, without_base(said, base_of(archive, each)))
    for (study, series), group in archive.of_series().items():
        assert len(archive.client.retrieve_series_metadata(study, series)) == len(group)
    assert faults == []


def test_frames_are_those_that_pydicom_finds(archive: Archive) -> None:
    compared = 0
    for each in archive.sent.values():
        try:
            wanted = frames_by_pydicom(each.of)
        except Exception:  # noqa: BLE001, S112 - pydicom's opinion of a file it cannot read
            continue
        if not wanted:
            continue
        numbers = [*range(1, len(wanted) + 1)][:20]
        got = archive.client.retrieve_instance_frames(*each.uids, numbers, media_types=ANY_PIXELS)
        assert len(got) == len(numbers)
        for frame, other in zip(got, wanted, strict=False):
            # An Extended Offset Table knows the length without padding.
            assert frame
            assert other.startswith(frame), each.of.path
            compared += 1
    assert compared > 100


def test_bulk_data_is_what_pydicom_has(archive: Archive) -> None:
    compared = {"value": 0, "frames": 0}
    for each in archive.sent.values():
        base = base_of(archive, each)
        said = without_base(archive.client.retrieve_instance_metadata(*each.uids), base)
        for path, tag in references(said):
            steps = [f"{of:08X}/{number + 1}" for of, number in path]
            got = archive.client.retrieve_bulkdata(base + "/".join([*steps, f"{tag:08X}"]))
            if tag == 0x7FE00010 and each.of.syntax.is_encapsulated:
                frames = frames_by_pydicom(each.of)
                assert frames is not None
                assert len(got) == len(frames)
                assert all(wanted.startswith(had) for had, wanted in zip(got, frames, strict=True))
                compared["frames"] += len(frames)
                continue
            assert got == [by_pydicom(each.of, path, tag)], (each.of.path, f"{tag:08X}")
            compared["value"] += 1
    assert compared["value"] > 50


# Searches, in what is known to the last value


@pytest.fixture(scope="module")
def known() -> Iterator[DICOMwebClient]:
    with in_quiet(), running() as daemon:
        client = client_of(daemon)
        for study in STUDIES:
            made = [with_preamble(each) for each in study.objects()]
            said = client.store_instances(made, study.uid)
            assert len(said.ReferencedSOPSequence) == len(made)
        yield client


def values(answers: Sequence[Mapping[str, Any]], tag: str) -> list[str]:
    return sorted(each[tag]["Value"][0] for each in answers)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ALL),
        ({"PatientID": "P2"}, studies(2)),
        ({"00100020": "P1?"}, studies(10, 11, 12, 13, 14)),
        ({"PatientName": "SM*"}, studies(1, 2, 3)),
        ({"PatientName": "*mith*"}, studies(1, 2)),
        ({"PatientName": "Müller*"}, studies(4)),
        ({"PatientName": "山田*"}, studies(9)),
        ({"StudyDate": "20260102-20260201"}, studies(2, 3, 4)),
        ({"StudyDate": "20260208-"}, studies(11, 12, 13)),
        ({"StudyDate": "20260101-20260131", "StudyTime": "0200-"}, studies(2, 3)),
        ({"StudyInstanceUID": "2.25.7"}, studies(7)),
        ({"StudyInstanceUID": "2.25.7,2.25.8,2.25.99"}, studies(7, 8)),
        ({"ModalitiesInStudy": "MR"}, studies(1, 2)),
        ({"AccessionNumber": "A004"}, studies(4)),
        ({"ProcedureCodeSequence.CodeValue": "CHEST"}, studies(4)),
        ({"PatientID": "nobody"}, ()),
    ],
    ids=str,
)
def test_studies_are_found(
    known: DICOMwebClient, filters: dict[str, str], found: tuple[str, ...]
) -> None:
    answers = known.search_for_studies(search_filters=filters)
    assert values(answers, "0020000D") == sorted(found)


def test_names_that_sound_alike_are_found(known: DICOMwebClient) -> None:
    asked = {"PatientName": "Smit"}
    assert known.search_for_studies(search_filters=asked) == []
    answers = known.search_for_studies(search_filters=asked, fuzzymatching=True)
    assert values(answers, "0020000D") == sorted(studies(1, 2, 3))


@pytest.mark.parametrize(
    ("study", "filters", "found"),
    [
        ("2.25.1", {}, ("2.25.1.1", "2.25.1.2")),
        ("2.25.1", {"Modality": "MR"}, ("2.25.1.2",)),
        (None, {"Modality": "MR"}, ("2.25.1.2", "2.25.2.1")),
        (None, {"PatientID": "P3"}, ("2.25.3.1",)),
        (None, {"SeriesInstanceUID": "2.25.5.1"}, ("2.25.5.1",)),
    ],
    ids=str,
)
def test_series_are_found(
    known: DICOMwebClient, study: str | None, filters: dict[str, str], found: tuple[str, ...]
) -> None:
    answers = known.search_for_series(study, search_filters=filters)
    assert values(answers, "0020000E") == sorted(found)


@pytest.mark.parametrize(
    ("study", "series", "filters", "found"),
    [
        ("2.25.13", "2.25.13.1", {}, OF_13),
        ("2.25.13", None, {"InstanceNumber": "7"}, ("2.25.13.1.7",)),
        ("2.25.1", "2.25.1.1", {"ImageType": "LOCALIZER"}, ("2.25.1.1.2",)),
        (None, None, {"SOPInstanceUID": "2.25.6.1.1"}, ("2.25.6.1.1",)),
        (None, None, {"PatientID": "P2"}, ("2.25.2.1.1",)),
        (None, None, {"StudyDate": "20260202-20260203"}, ("2.25.5.1.1", "2.25.6.1.1")),
    ],
    ids=str,
)
def test_instances_are_found(
    known: DICOMwebClient,
    study: str | None,
    series: str | None,
    filters: dict[str, str],
    found: tuple[str, ...],
) -> None:
    answers = known.search_for_instances(study, series, search_filters=filters)
    assert values(answers, "00080018") == sorted(found)


def test_answers_come_in_pages(known: DICOMwebClient) -> None:
    uids: list[str] = []
    for offset in range(0, 30, 10):
        page = known.search_for_instances("2.25.13", limit=10, offset=offset)
        uids += values(page, "00080018")
    assert sorted(uids) == sorted(OF_13)
    every = known.search_for_instances("2.25.13", limit=10, get_remaining=True)
    assert values(every, "00080018") == sorted(OF_13)


def test_attributes_that_are_asked_for_are_told(known: DICOMwebClient) -> None:
    (answer,) = known.search_for_studies(
        fields=["StudyDescription", "00081032"], search_filters={"PatientID": "P4"}
    )
    assert answer["00081030"]["Value"] == ["Study 4"]
    assert answer["00081032"]["Value"][0]["00080100"]["Value"] == ["CHEST"]
    assert answer["00100010"]["Value"] == [{"Alphabetic": "Müller^Jörg"}]
    url = answer["00081190"]["Value"][0]
    assert url == f"{known.base_url}/studies/2.25.4"


@pytest.mark.parametrize("uids", [("2.25.99",), ("2.25.1", "2.25.9"), ("2.25.1", "2.25.1.1", "9")])
def test_what_is_not_there_is_404(known: DICOMwebClient, uids: tuple[str, ...]) -> None:
    retrieve = (known.retrieve_study, known.retrieve_series, known.retrieve_instance)
    with pytest.raises(HTTPError, match="404"):
        retrieve[len(uids) - 1](*uids)
