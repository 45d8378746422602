"""Studies, series and instances as a ZIP with a DICOMDIR."""

import re
import zipfile
from collections.abc import AsyncGenerator
from contextlib import aclosing
from io import BytesIO
from pathlib import Path

import anyio
import pytest
from aiohttp import ClientPayloadError
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from structlog.typing import EventDict

from pacsd.api.store import Location
from pacsd.archive import file_sets
from pacsd.archive.file_sets import FileOfSet
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.retrieval import Unreadable
from pacsd.dicom.level import Level
from pacsd.dicomweb import zip_writer
from pacsd.index.records import Copy, CopyState, Scope
from pacsd.net.sending import OpenDataSet
from pacsd.net.web import zipping
from pacsd.net.web.part10 import preface
from pacsd.net.web.zipping import Zipped
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from tests.dicom.as_pydicom_lists import file_set
from tests.dicom.by_pydicom import decoded, encoded
from tests.dicom.written import EXPLICIT, IMPLICIT
from tests.interop import peers
from tests.net.web.serving import JPEG, SERIES, STUDY, UID, Answer, Served, image, path
from tests.net.web.test_instances import ANY, JPEG_IMAGE, MR, NAME, RELATED

ZIP = "application/zip"
DICOM = "application/dicom"
AS_STORED = f"{DICOM}; transfer-syntax=*"
FOLDER = "DICOM/PT000001/ST000001"
FIRST, SECOND = f"{FOLDER}/SE000001/IM000001", f"{FOLDER}/SE000002/IM000001"


async def two_series(served: Served) -> None:
    """Two series of a study, one compressed, and a study beside it."""
    await served.add(image())
    await served.add(MR, "1.2.3.5")
    await served.add(JPEG_IMAGE, "1.2.3.6", JPEG)
    await served.add(data_set({"SOPInstanceUID": "1.9.1", "StudyInstanceUID": "1.9"}), "1.9.1")


def opened(answer: Answer) -> zipfile.ZipFile:
    found = zipfile.ZipFile(BytesIO(answer.body))
    assert found.testzip() is None
    return found


def names(answer: Answer) -> list[str]:
    return opened(answer).namelist()


@pytest.mark.parametrize(
    ("target", "name", "files"),
    [
        (
            f"/studies/{STUDY}",
            STUDY,
            {FIRST: path(), f"{FOLDER}/SE000001/IM000002": path("1.2.3.6"),
             SECOND: path("1.2.3.5", series="1.2.3.2")},
        ),
        (
            f"/studies/{STUDY}/series/1.2.3.2",
            "1.2.3.2",
            {FIRST: path("1.2.3.5", series="1.2.3.2")},
        ),
        (path(), UID, {FIRST: path()}),
    ],
    ids=["study", "series", "instance"],
)  # fmt: skip
async def test_each_file_is_the_one_that_leaves_by_itself(
    served: Served, target: str, name: str, files: dict[str, str]
) -> None:
    await two_series(served)
    answer = await served.get(target, ZIP)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == ZIP
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}.zip"'
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    archive = opened(answer)
    assert archive.namelist() == ["DICOMDIR", *files]
    for file, alone in files.items():
        assert archive.read(file) == (await served.get(alone, AS_STORED)).body


async def test_pydicom_and_dcmtk_read_the_file_set(served: Served, tmp_path: Path) -> None:
    await two_series(served)
    opened(await served.get(f"/studies/{STUDY}", ZIP)).extractall(tmp_path / "out")
    dicomdir = tmp_path / "out/DICOMDIR"
    assert file_set(dicomdir) == {
        UID: tmp_path / "out" / FIRST,
        "1.2.3.6": tmp_path / "out" / FOLDER / "SE000001/IM000002",
        "1.2.3.5": tmp_path / "out" / SECOND,
    }
    dumped = peers.run(peers.program("dcmdump"), "--verbose", dicomdir)
    assert dumped.count('"Directory Record"') == 1 + 1 + 2 + 3
    assert not re.search("[WEF]:", dumped)


async def test_info_zip_reads_it(served: Served, tmp_path: Path) -> None:
    await two_series(served)
    archive = tmp_path / "study.zip"
    archive.write_bytes((await served.get(f"/studies/{STUDY}", ZIP)).body)
    assert "No errors detected" in peers.run(peers.program("unzip"), "-t", archive)


async def test_a_link_can_ask_for_it(served: Served) -> None:
    await two_series(served)
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    linked = await served.get(f"/studies/{STUDY}?accept={ZIP}", browser)
    assert linked.body == (await served.get(f"/studies/{STUDY}", ZIP)).body
    assert linked.status == 200


@pytest.mark.parametrize(
    ("accept", "is_zip"),
    [
        (None, False),
        ("*/*", False),
        (f"{ZIP}, {RELATED}", True),
        (f"{RELATED}, {ZIP}", False),
        (f"{RELATED}; q=0.5, {ZIP}", True),
        (f"{ZIP}; q=0.5, {ANY}", False),
        ("application/*", True),
        # What is wanted in parts is there for some only.
        (f"{RELATED}; transfer-syntax={EXPLICIT.uid}, {ZIP}; q=0.5", True),
    ],
)
async def test_who_gets_one(served: Served, accept: str | None, is_zip: bool) -> None:
    await two_series(served)
    answer = await served.get(f"/studies/{STUDY}", accept)
    assert answer.status == 200
    assert (answer.headers["Content-Type"] == ZIP) == is_zip
    if is_zip:
        assert len(names(answer)) == 4


async def test_an_instance_alone_goes_before_a_zip(served: Served) -> None:
    await served.add(image())
    answer = await served.get(path(), "application/*")
    assert answer.headers["Content-Type"].startswith(f"{DICOM};")


async def test_nothing_is_encoded_anew(served: Served) -> None:
    await two_series(served)
    implicit = encoded(decoded(data_set({"SOPInstanceUID": "1.2.3.8"}), EXPLICIT), IMPLICIT)
    await served.add(implicit, "1.2.3.8", IMPLICIT.uid)
    target = f"/studies/{STUDY}"
    whole = await served.get(target, f"{ZIP}; transfer-syntax=*")
    assert whole.body == (await served.get(target, ZIP)).body
    syntaxes = [
        dcmread(BytesIO(opened(whole).read(name))).file_meta.TransferSyntaxUID
        for name in names(whole)[1:]
    ]
    assert syntaxes == [EXPLICIT.uid, JPEG, IMPLICIT.uid, EXPLICIT.uid]
    some = await served.get(target, f"{ZIP}; transfer-syntax={EXPLICIT.uid}")
    assert some.status == 206
    assert names(some) == ["DICOMDIR", FIRST, SECOND]
    none = await served.get(path(), f"{ZIP}; transfer-syntax={JPEG}")
    assert none.status == 406
    assert ZIP in none.why


async def test_what_was_corrected_leaves_corrected(served: Served) -> None:
    await two_series(served)
    await served.correct(Level.STUDY, STUDY, NAME, "Röe^Jane")
    answer = await served.get(f"/studies/{STUDY}", ZIP)
    assert "Content-Length" not in answer.headers
    archive = opened(answer)
    assert archive.read(FIRST) == (await served.get(path(), AS_STORED)).body
    assert dcmread(BytesIO(archive.read(SECOND))).PatientName == "Röe^Jane"
    patient = dcmread(BytesIO(archive.read("DICOMDIR"))).DirectoryRecordSequence[0]
    assert patient.PatientName == "Röe^Jane"


async def test_head(served: Served) -> None:
    await two_series(served)
    whole = await served.get(f"/studies/{STUDY}", ZIP)
    head = await served.ask("HEAD", f"/studies/{STUDY}", ZIP)
    assert (head.status, head.body) == (200, b"")
    for name in ("Content-Length", "Content-Type", "Content-Disposition", "ETag"):
        assert head.headers[name] == whole.headers[name]


async def test_who_has_it_need_not_have_it_again(served: Served) -> None:
    await two_series(served)
    target = f"/studies/{STUDY}"
    first = await served.get(target, ZIP)
    again = await served.get(target, ZIP)
    assert again.body == first.body  # as a strong tag says
    tag = first.headers["ETag"]
    assert (await served.get(target, ZIP, If_None_Match=tag)).status == 304
    assert tag not in {
        (await served.get(target)).headers["ETag"],
        (await served.get(target, f"{ZIP}; transfer-syntax={JPEG}")).headers["ETag"],
        (await served.get(f"{target}/series/{SERIES}", ZIP)).headers["ETag"],
    }
    await served.correct(Level.STUDY, STUDY, NAME, "Roe")
    assert (await served.get(target, ZIP, If_None_Match=tag)).status == 200


async def test_parts_of_it_are_not_to_be_had(served: Served) -> None:
    await two_series(served)
    answer = await served.get(f"/studies/{STUDY}", ZIP, Range="bytes=0-9")
    assert answer.status == 200
    assert "Accept-Ranges" not in answer.headers
    assert names(answer)[0] == "DICOMDIR"


async def test_the_trail_says_who_has_it(served: Served) -> None:
    await two_series(served)
    await served.get(f"/studies/{STUDY}", ZIP)
    (noted,) = served.made.noted
    assert (noted.action, noted.studies, noted.outcome) == ("retrieve", (STUDY,), "sent")
    assert (noted.peer_address, noted.detail) == ("127.0.0.1", "3 instances in a ZIP")


HOSTILE = ["../../etc/passwd", "CON", "x" * 300, "\u202egnp.exe", "C:\\AUTOEXEC.BAT", 'a"\r\nb']


@pytest.mark.parametrize("name", HOSTILE)
async def test_w20_names_are_made_of_uids_and_numbers_alone(served: Served, name: str) -> None:
    attributes = dict.fromkeys(
        ["PatientName", "PatientID", "StudyDescription", "SeriesDescription", "StudyID"], name
    )
    await served.add(data_set(attributes))
    for target in (f"/studies/{STUDY}", f"/studies/{STUDY}/series/{SERIES}", path()):
        answer = await served.get(target, ZIP)
        assert answer.status == 200
        assert names(answer) == ["DICOMDIR", FIRST]
        filename = answer.headers["Content-Disposition"]
        assert re.fullmatch(r'attachment; filename="[0-9.]{1,64}\.zip"', filename)


@pytest.mark.parametrize("study", ["1.2%0d%0aX-Injected:1", '1.2%22;x="', "..%2f1.2"])
async def test_w21_no_header_is_split_by_a_name(served: Served, study: str) -> None:
    await served.add(image())
    answer = await served.get(f"/studies/{study}", ZIP)
    assert answer.status == 400
    assert "X-Injected" not in answer.headers
    assert "Content-Disposition" not in answer.headers


async def test_what_is_not_there(served: Served) -> None:
    await two_series(served)
    assert (await served.get("/studies/1.2.4", ZIP)).status == 404
    await served.index.instances.delete(Scope(), [UID, "1.2.3.6"], "test")
    left = await served.get(f"/studies/{STUDY}", ZIP)
    assert names(left) == ["DICOMDIR", FIRST]
    assert opened(left).read(FIRST)[-1000:] == MR[-1000:]


async def test_more_files_than_a_directory_may_have(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    await two_series(served)
    monkeypatch.setattr(file_sets, "MAX_DIRECTORY_BYTES", 800)
    answer = await served.get(f"/studies/{STUDY}", ZIP)
    assert answer.status == 413
    assert answer.why == "ZIP would be a DICOMDIR of more than 800 bytes: ask for its series"
    assert (await served.get(f"/studies/{STUDY}/series/1.2.3.2", ZIP)).status == 200
    assert len(served.made.noted) == 1


async def test_zip64(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    await two_series(served)
    monkeypatch.setattr(zip_writer, "MAX_32", 1_000)
    monkeypatch.setattr(zip_writer, "MAX_16", 3)
    answer = await served.get(f"/studies/{STUDY}", ZIP)
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    assert b"PK\x06\x06" in answer.body
    assert opened(answer).read(FIRST) == (await served.get(path(), AS_STORED)).body


@pytest.mark.usefixtures("streamed")
@pytest.mark.parametrize("is_corrected", [False, True])
async def test_a_file_that_breaks_off_cuts_the_connection(
    served: Served, logged: list[EventDict], is_corrected: bool
) -> None:
    await two_series(served)
    if is_corrected:
        await served.correct(Level.STUDY, STUDY, NAME, "Roe")
    served.store.breaks_after = 66_000
    with pytest.raises(ClientPayloadError):
        await served.get(f"/studies/{STUDY}", ZIP)
    (line,) = logged
    assert (line["event"], line["log_level"]) == ("an answer was cut short", "error")
    served.store.breaks_after = None
    assert (await served.get(f"/studies/{STUDY}", ZIP)).status == 200


async def test_what_can_be_told_beforehand_is(served: Served) -> None:
    await two_series(served)
    served.store.objects.clear()
    assert (await served.get(f"/studies/{STUDY}", ZIP)).status == 503
    await served.index._threads.close()
    assert (await served.get(f"/studies/{STUDY}", ZIP)).status == 503


# A ZIP by itself, of instances that lie nowhere


def file(number: int, data_set_bytes: int) -> FileOfSet:
    """A file of an instance that says to be so long."""
    location = Location("memory", f"{number}", data_set_bytes)
    copy = Copy(number, location, data_set_bytes, b"", EXPLICIT.uid, CopyState.OK, 0)
    instance = Retrievable(CT_IMAGE_STORAGE, f"1.2.{number}", "1.2", (copy,))
    return FileOfSet(("DICOM", f"IM{number:06}"), instance)


def opens(data: bytes, pieces_of: int) -> OpenDataSet:
    async def read() -> AsyncGenerator[bytes, None]:
        for at in range(0, len(data), pieces_of):
            yield data[at : at + pieces_of]

    return read


async def whole(zipped: Zipped) -> bytes:
    return b"".join([bytes(piece) async for piece in zipped.pieces()])


@given(st.lists(st.binary(max_size=5_000), max_size=6), st.integers(1, 3_000))
def test_it_is_as_long_as_was_said(data_sets: list[bytes], pieces_of: int) -> None:
    files = [file(number, len(data)) for number, data in enumerate(data_sets)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zipping, "PIECE_BYTES", 1_000)
        zipped = Zipped(b"x" * 2_500, files, [opens(data, pieces_of) for data in data_sets])
        written = anyio.run(whole, zipped)
    assert zipped.length() == len(written)
    with zipfile.ZipFile(BytesIO(written)) as read:
        assert read.testzip() is None
        assert read.read("DICOMDIR") == zipped.directory
        for each, data in zip(files, data_sets, strict=True):
            found = read.read("/".join(each.file_id))
            assert found == preface(each.instance, EXPLICIT.uid) + data


@pytest.mark.parametrize("really_bytes", [0, 99, 101, 200])
async def test_a_copy_of_another_length_is_not_sent_as_a_whole(really_bytes: int) -> None:
    zipped = Zipped(b"x", [file(1, 100)], [opens(bytes(really_bytes), 50)])
    with pytest.raises(Unreadable, match=r"1\.2\.1: its length is not"):
        await whole(zipped)


async def test_of_a_large_study_one_piece_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipping, "PIECE_BYTES", 10_000)
    read = closed = 0

    async def data_set_of_three_pieces() -> AsyncGenerator[bytes, None]:
        nonlocal read, closed
        try:
            for _ in range(3):
                read += 1
                yield bytes(10_000)
        finally:
            closed += 1

    files = [file(number, 30_000) for number in range(500)]
    zipped = Zipped(bytes(95_000), files, [data_set_of_three_pieces] * len(files))
    taken = 0
    async for piece in zipped.pieces():
        taken += len(piece) == 10_000
        # 9 pieces of the DICOMDIR, and no more of files than were taken.
        assert read <= max(0, taken - 9)
        assert read <= 3 * (closed + 1)
        assert len(piece) <= 10_000 or (read, closed) == (1_500, 500)
    assert (taken, read, closed) == (1_509, 1_500, 500)


async def test_who_goes_leaves_nothing_open() -> None:
    closed = False

    async def data_set_without_end() -> AsyncGenerator[bytes, None]:
        nonlocal closed
        try:
            while True:
                yield bytes(10_000)
        finally:
            closed = True

    zipped = Zipped(b"x", [file(1, 1_000_000)], [data_set_without_end])
    async with aclosing(zipped.pieces()) as pieces:
        async for piece in pieces:
            if len(piece) == 10_000:
                break
    assert closed


async def test_w25_so_many_are_sent_at_once(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    await served.add(image())
    monkeypatch.setattr(zipping, "AT_ONCE", 0)
    answer = await served.get(f"/studies/{STUDY}", ZIP)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
    monkeypatch.setattr(zipping, "AT_ONCE", 1)
    for _ in range(2):
        assert (await served.get(f"/studies/{STUDY}", ZIP)).status == 200
