"""WADO-RS: instances as files."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from io import BytesIO
from typing import Any, cast

import pytest
from aiohttp import ClientPayloadError, ClientSession
from aiohttp.web import BaseRequest, StreamResponse
from pydicom import dcmread
from structlog.typing import EventDict

from pacsd.api.store import Location
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.sight import EVERYTHING, Sight
from pacsd.dicom.level import Level
from pacsd.dicom.part10 import decode_file_meta
from pacsd.dicom.query import Query
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicomweb.targets import Kind, Target
from pacsd.index.records import Copy, CopyState, Scope
from pacsd.net.sending import OpenDataSet
from pacsd.net.web.exchange import Exchange
from pacsd.net.web.instances import InstanceDesk
from pacsd.net.web.long_work import AT_ONCE
from pacsd.net.web.trail import Trail
from pacsd.net.web.zipping import ZipDesk
from pacsd.testing.objects import data_set
from tests.dicom.by_pydicom import decoded, encoded
from tests.dicom.written import BIG, EXPLICIT, IMPLICIT, element
from tests.net import test_http
from tests.net.web.serving import JPEG, SERIES, STUDY, UID, Made, Served, fragments, image, path
from tests.net.web.ticking import Ticks, ticking

DICOM = "application/dicom"
RELATED = 'multipart/related; type="application/dicom"'
ANY = f"{RELATED}; transfer-syntax=*"
NAME = 0x00100010
J2K = "1.2.840.10008.1.2.4.90"
MR = data_set({"SOPInstanceUID": "1.2.3.5", "SeriesInstanceUID": "1.2.3.2"}, pixel_bytes=70_000)
JPEG_IMAGE = image(2, "1.2.3.6", pixels=fragments(b"\xff\xd8\xff\xd9", b"\xff\xd8abcd\xff\xd9"))


async def two_series(served: Served) -> None:
    """Two series of a study, and a study beside it."""
    await served.add(image())
    await served.add(MR, "1.2.3.5")
    await served.add(data_set({"SOPInstanceUID": "1.9.1", "StudyInstanceUID": "1.9"}), "1.9.1")


def data_of(file: bytes) -> tuple[str, bytes]:
    """The Transfer Syntax and the data set of a file."""
    meta, offset = decode_file_meta(file)
    return meta.transfer_syntax_uid, file[offset:]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (f"/studies/{STUDY}", [image(), MR]),
        (f"/studies/{STUDY}/series/{SERIES}", [image()]),
        (f"/studies/{STUDY}/series/1.2.3.2", [MR]),
        (path(), [image()]),
    ],
)
async def test_instances_leave_as_they_were_stored(
    served: Served, target: str, expected: list[bytes]
) -> None:
    await two_series(served)
    answer = await served.get(target)
    assert answer.status == 200
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    assert [data_of(each.body) for each in answer.parts] == [(EXPLICIT.uid, e) for e in expected]
    for part in answer.parts:
        assert part.headers["content-type"] == f"{DICOM}; transfer-syntax={EXPLICIT.uid}"
        assert int(part.headers["content-length"]) == len(part.body)
        uid = dcmread(BytesIO(part.body)).SOPInstanceUID
        location = part.headers["content-location"]
        assert location.startswith(f"{served.root}/studies/{STUDY}/series/")
        assert location.endswith(f"/instances/{uid}")


async def test_where_a_part_is_said_to_be_it_is(served: Served) -> None:
    await two_series(served)
    for part in (await served.get(f"/studies/{STUDY}")).parts:
        location = part.headers["content-location"].removeprefix(served.root)
        assert (await served.get(location, DICOM)).body == part.body


async def test_an_instance_can_be_had_by_itself(served: Served) -> None:
    await served.add(image())
    answer = await served.get(path(), DICOM)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == f"{DICOM}; transfer-syntax={EXPLICIT.uid}"
    assert answer.headers["Content-Location"] == served.root + path()
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    assert data_of(answer.body) == (EXPLICIT.uid, image())
    assert (await served.get(f"/studies/{STUDY}", DICOM)).status == 406


async def test_what_stands_before_a_data_set_tells_nothing_of_its_way(served: Served) -> None:
    await served.add(image())
    meta, _ = decode_file_meta((await served.get(path(), DICOM)).body)
    assert (meta.media_storage_sop_instance_uid, meta.sending_ae_title) == (UID, "")
    assert (meta.source_ae_title, meta.receiving_ae_title) == ("", "")
    assert b"192.0.2.7" not in (await served.get(path(), DICOM)).body


@pytest.mark.parametrize("target", [f"/studies/{STUDY}", path()])
async def test_head(served: Served, target: str) -> None:
    await served.add(image())
    whole = await served.get(target)
    head = await served.ask("HEAD", target)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == whole.headers["Content-Length"]
    kind, _, _ = head.headers["Content-Type"].partition("boundary=")
    assert whole.headers["Content-Type"].startswith(kind)


@pytest.mark.parametrize(
    "target",
    [
        "/studies/1.2.4",
        f"/studies/{STUDY}/series/1.2.4",
        f"/studies/1.9/series/{SERIES}/instances/{UID}",
        path("1.2.3.99"),
        path(series="1.2.3.2"),
        path(study="1.9"),
        path("1.9.1"),
    ],
)
async def test_what_is_not_there_or_elsewhere(served: Served, target: str) -> None:
    await two_series(served)
    for method in ("GET", "HEAD"):
        assert (await served.ask(method, target)).status == 404


async def test_a_series_is_not_found_in_another_study(served: Served) -> None:
    await two_series(served)
    assert (await served.get("/studies/1.9/series/1.2.3.2")).status == 404


async def test_what_is_deleted_is_not_there(served: Served) -> None:
    await two_series(served)
    await served.index.instances.delete(Scope(), [UID], "test")
    assert (await served.get(path())).status == 404
    assert (await served.get(f"/studies/{STUDY}/series/{SERIES}")).status == 404
    (left,) = (await served.get(f"/studies/{STUDY}")).parts
    assert data_of(left.body)[1] == MR


PIXELS_16 = b"\x01\x02\x03\x04"


def written(syntax: TransferSyntax) -> bytes:
    """An object with words for pixels, in that Transfer Syntax."""
    ds = decoded(data_set({"Rows": 1, "Columns": 2, "BitsAllocated": 16}), EXPLICIT)
    pixels = PIXELS_16 if syntax.is_little_endian else b"\x02\x01\x04\x03"
    ds.add_new(0x7FE00010, "OW", pixels)
    return encoded(ds, syntax)


@pytest.mark.parametrize("stored", [IMPLICIT, BIG], ids=["implicit", "big"])
@pytest.mark.parametrize(
    "accept",
    [None, "*/*", RELATED, f"{RELATED}; transfer-syntax={EXPLICIT.uid}", DICOM],
)
async def test_uncompressed_ones_leave_in_explicit_little_endian(
    served: Served, stored: TransferSyntax, accept: str | None
) -> None:
    await served.add(written(stored), syntax=stored.uid)
    answer = await served.get(path(), accept)
    assert answer.status == 200
    file = answer.body if accept == DICOM else answer.parts[0].body
    syntax, data = data_of(file)
    assert syntax == EXPLICIT.uid
    found = decoded(data, EXPLICIT)
    assert found == decoded(written(EXPLICIT), EXPLICIT)
    assert found.PixelData == PIXELS_16


@pytest.mark.parametrize("stored", [IMPLICIT, BIG, EXPLICIT], ids=["implicit", "big", "explicit"])
async def test_any_transfer_syntax_is_the_one_it_is_stored_in(
    served: Served, stored: TransferSyntax
) -> None:
    data = written(stored)
    await served.add(data, syntax=stored.uid)
    for accept in (ANY, f"{RELATED}; transfer-syntax={stored.uid}"):
        (part,) = (await served.get(path(), accept)).parts
        assert data_of(part.body) == (stored.uid, data)


@pytest.mark.parametrize("wanted", [IMPLICIT, BIG], ids=["implicit", "big"])
async def test_who_wants_another_one_gets_it(served: Served, wanted: TransferSyntax) -> None:
    await served.add(written(EXPLICIT))
    accept = f"{RELATED}; transfer-syntax={wanted.uid}"
    (part,) = (await served.get(path(), accept)).parts
    syntax, data = data_of(part.body)
    assert syntax == wanted.uid
    assert decoded(data, wanted) == decoded(written(wanted), wanted)
    assert part.headers["content-type"] == f"{DICOM}; transfer-syntax={wanted.uid}"


async def test_what_is_compressed_leaves_as_it_is(served: Served) -> None:
    await served.add(JPEG_IMAGE, "1.2.3.6", JPEG)
    for accept in (None, ANY, RELATED, f"{RELATED}; transfer-syntax={JPEG}"):
        (part,) = (await served.get(path("1.2.3.6"), accept)).parts
        assert data_of(part.body) == (JPEG, JPEG_IMAGE)


@pytest.mark.parametrize(
    "accept",
    [
        f"{RELATED}; transfer-syntax={J2K}",
        f"{RELATED}; transfer-syntax={EXPLICIT.uid}",
        "image/png",
        "application/dicom+json",
        f"{RELATED}; q=0",
    ],
)
async def test_w15_what_nothing_fits(served: Served, accept: str) -> None:
    await served.add(JPEG_IMAGE, "1.2.3.6", JPEG)
    for target in (f"/studies/{STUDY}", path("1.2.3.6")):
        answer = await served.get(target, accept)
        assert answer.status == 406
        assert "takes no representation" in answer.why


async def test_of_a_mixed_study_what_fits_leaves(served: Served) -> None:
    await two_series(served)
    await served.add(JPEG_IMAGE, "1.2.3.6", JPEG)
    some = await served.get(f"/studies/{STUDY}", f"{RELATED}; transfer-syntax={EXPLICIT.uid}")
    assert some.status == 206
    assert [data_of(each.body)[1] for each in some.parts] == [image(), MR]
    both = f"{RELATED}; transfer-syntax={EXPLICIT.uid}, {RELATED}; transfer-syntax={JPEG}"
    for accept in (ANY, both, None):
        every = await served.get(f"/studies/{STUDY}", accept)
        assert every.status == 200
        assert [data_of(each.body)[0] for each in every.parts] == [EXPLICIT.uid] * 2 + [JPEG]
        kinds = [each.headers["content-type"].rpartition("=")[2] for each in every.parts]
        assert kinds == [EXPLICIT.uid] * 2 + [JPEG]


async def test_accept_can_be_a_parameter(served: Served) -> None:
    await served.add(image())
    answer = await served.get(f"{path()}?accept={DICOM}", RELATED)
    assert answer.headers["Content-Type"].startswith(f"{DICOM};")


async def test_what_was_corrected_leaves_corrected(served: Served) -> None:
    await two_series(served)
    await served.correct(Level.STUDY, STUDY, NAME, "Röe^Jane")
    study = await served.get(f"/studies/{STUDY}")
    assert len(study.parts) == 2
    alone = await served.get(path(), DICOM)
    for file in (*(each.body for each in study.parts), alone.body):
        found = dcmread(BytesIO(file))
        assert found.PatientName == "Röe^Jane"
        assert "PixelData" in found
    assert "Content-Length" not in alone.headers


@pytest.mark.usefixtures("streamed")
@pytest.mark.parametrize("accept", [DICOM, RELATED])
@pytest.mark.parametrize("is_corrected", [False, True])
async def test_a_copy_that_breaks_off_cuts_the_connection(
    served: Served, logged: list[EventDict], accept: str, is_corrected: bool
) -> None:
    await served.add(MR, "1.2.3.5")
    if is_corrected:
        await served.correct(Level.STUDY, STUDY, NAME, "Roe")
    served.store.breaks_after = 66_000
    with pytest.raises(ClientPayloadError):
        await served.get(path("1.2.3.5", series="1.2.3.2"), accept)
    (line,) = logged
    assert line["event"] == "an answer was cut short"
    assert line["log_level"] == "error"
    served.store.breaks_after = None
    assert (await served.get(path("1.2.3.5", series="1.2.3.2"), accept)).status == 200


@pytest.mark.usefixtures("streamed")
async def test_a_study_of_which_one_cannot_be_read_is_cut(
    served: Served, logged: list[EventDict]
) -> None:
    await two_series(served)
    del served.store.objects["00000002"]
    with pytest.raises(ClientPayloadError):
        await served.get(f"/studies/{STUDY}")
    assert [each["event"] for each in logged] == ["an answer was cut short"]


async def test_the_index_is_gone(served: Served) -> None:
    await served.add(image())
    await served.index._threads.close()
    for target in (path(), f"/studies/{STUDY}", "/studies", path(below="/metadata")):
        assert (await served.get(target)).status == 503


@pytest.mark.usefixtures("streamed")
async def test_w19_what_is_deleted_while_it_leaves_leaves_whole(served: Served) -> None:
    """Longer than what is on its way: the second is read when both are deleted."""
    uids = ["1.2.3.4", "1.2.3.5"]
    pixels = element(0x7FE00010, "OB", bytes(8_000_000))
    for uid in uids:
        await served.add(image(uid=uid, pixels=pixels), uid)
    url = f"{served.root}/studies/{STUDY}"
    async with served.client.get(url, headers={"Accept": RELATED}) as answer:
        assert answer.status == 200
        begun = await answer.content.readexactly(1_000)
        await served.index.instances.delete(Scope(), uids, "test")
        rest = await answer.content.read()
    assert (begun + rest).count(bytes(8_000_000)) == 2
    assert rest.endswith(b"--\r\n")
    assert (await served.get(f"/studies/{STUDY}")).status == 404


class SeenCopies(list[Copy]):
    """Copies of an instance; whoever looks at the best one sees whether the event loop is free."""

    def __init__(self, copy: Copy, ticks: Ticks) -> None:
        super().__init__([copy])
        self._ticks = ticks

    def __getitem__(self, place: Any) -> Any:
        self._ticks.see()
        return super().__getitem__(place)


class LongStudy:
    """A retriever with a study of more instances than are prepared at once."""

    def __init__(self, ticks: Ticks) -> None:
        copy = Copy(1, Location("made-up", "1", 9), 9, b"sha", EXPLICIT.uid, CopyState.OK, 0)
        one = Retrievable("1.1", UID, STUDY, (copy,), series_instance_uid=SERIES)
        last = cast("tuple[Copy, ...]", SeenCopies(copy, ticks))
        self._page = [*[one] * AT_ONCE, replace(one, copies=last)]

    async def select(self, _query: Query, *, sight: Sight = EVERYTHING) -> Sequence[int]:
        assert not sight.is_restricted
        return range(len(self._page))

    async def find(
        self, _sop_instance_uid: str, *, sight: Sight = EVERYTHING
    ) -> Retrievable | None:
        assert not sight.is_restricted
        return self._page[0]

    locate = find

    async def version(self, _study_instance_uid: str, *, sight: Sight = EVERYTHING) -> str:
        assert not sight.is_restricted
        return "1"

    async def instances(
        self, numbers: Sequence[int]
    ) -> AsyncGenerator[Sequence[Retrievable], None]:
        yield [self._page[number] for number in numbers]

    def data_sets(self, page: Sequence[Retrievable]) -> Sequence[OpenDataSet]:
        return [_unread] * len(page)


async def _unread() -> AsyncGenerator[bytes, None]:
    yield b"nobody reads it"


async def test_the_loop_is_free_while_a_study_of_very_many_is_prepared() -> None:
    async with ticking() as ticks:
        study = LongStudy(ticks)
        trail = Trail(Made(), lambda: 0.0)
        desk = InstanceDesk(study, cast("ZipDesk", None), trail)

        async def answer(request: BaseRequest) -> StreamResponse:
            return await desk.answer(
                Exchange(request, Target(Kind.STUDY, STUDY), "", "http://pacs")
            )

        async with (
            test_http.serving(services={"/dicomweb": answer}) as address,
            ClientSession(f"http://{address}") as client,
            client.head("/dicomweb", headers={"Accept": RELATED}) as answered,
        ):
            assert answered.status == 200
            assert int(answered.headers["Content-Length"]) > 9 * AT_ONCE
        # What fits, the entity tag, the parts: each looks at every instance.
        assert ticks.seen >= 3
