"""Frames, as they were stored."""

import itertools
from collections.abc import Sequence

import pytest
from aiohttp import ClientPayloadError
from structlog.typing import EventDict

from pacsd.api.errors import StoreError
from pacsd.api.store import ByteRange, Location
from pacsd.archive.curation import Curation
from pacsd.dicom.level import Level
from pacsd.index.records import Scope
from pacsd.testing.objects import data_set
from tests.dicom.written import BIG, EXPLICIT, element
from tests.net.web.serving import JPEG, STUDY, UID, Served, fragments, image, path

OCTETS = "application/octet-stream"
RELATED = f'multipart/related; type="{OCTETS}"'
RELATED_JPEG = 'multipart/related; type="image/jpeg"'
ANY = "; transfer-syntax=*"
JPEGS = [b"\xff\xd8one\x00", b"\xff\xd8second", b"\xff\xd8the third\x00"]
FRAMES = [bytes([number] * 4) for number in range(1, 4)]


def frames(numbers: str, **other: str) -> str:
    return path(below=f"/frames/{numbers}", **other)


async def compressed(served: Served) -> None:
    await served.add(image(3, pixels=fragments(*JPEGS)), syntax=JPEG)


@pytest.mark.parametrize("numbers", ["1", "1,2,3", "3,1", "2,2"])
@pytest.mark.parametrize(
    ("is_compressed", "accept", "media_type"),
    [
        (False, None, f"{OCTETS}; transfer-syntax={EXPLICIT.uid}"),
        (False, RELATED, f"{OCTETS}; transfer-syntax={EXPLICIT.uid}"),
        (False, RELATED + ANY, f"{OCTETS}; transfer-syntax={EXPLICIT.uid}"),
        (True, None, f"image/jpeg; transfer-syntax={JPEG}"),
        (True, RELATED_JPEG, f"image/jpeg; transfer-syntax={JPEG}"),
        (True, 'multipart/related; type="image/*"', f"image/jpeg; transfer-syntax={JPEG}"),
        (True, RELATED + ANY, f"{OCTETS}; transfer-syntax={JPEG}"),
        (True, f"{RELATED}; transfer-syntax={JPEG}", f"{OCTETS}; transfer-syntax={JPEG}"),
    ],
)
async def test_frames_in_the_order_asked_for(
    served: Served, numbers: str, is_compressed: bool, accept: str | None, media_type: str
) -> None:
    await (compressed(served) if is_compressed else served.add(image(3)))
    answer = await served.get(frames(numbers), accept)
    stored = JPEGS if is_compressed else FRAMES
    wanted = [int(each) for each in numbers.split(",")]
    assert answer.status == 200
    assert [each.body for each in answer.parts] == [stored[number - 1] for number in wanted]
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    for part, number in zip(answer.parts, wanted, strict=True):
        assert part.headers["content-type"] == media_type
        assert part.headers["content-location"] == served.root + frames(str(number))


async def test_one_frame_by_itself(served: Served) -> None:
    await served.add(image(3))
    answer = await served.get(frames("2"), OCTETS)
    assert (answer.status, answer.body) == (200, FRAMES[1])
    assert answer.headers["Content-Type"] == f"{OCTETS}; transfer-syntax={EXPLICIT.uid}"
    assert answer.headers["Content-Location"] == served.root + frames("2")
    assert (await served.get(frames("1,2"), OCTETS)).status == 406
    head = await served.ask("HEAD", frames("2"), OCTETS)
    assert (head.status, head.headers["Content-Length"], head.body) == (200, "4", b"")


@pytest.mark.parametrize("accept", [RELATED, OCTETS, 'multipart/related; type="image/png"'])
async def test_what_is_compressed_is_not_unpacked(served: Served, accept: str) -> None:
    await compressed(served)
    assert (await served.get(frames("1"), accept)).status == 406


async def test_the_syntax_may_be_minded_in_a_parameter(served: Served) -> None:
    await compressed(served)
    answer = await served.get(f"{frames('1')}?accept={OCTETS}%3Btransfer-syntax%3D*")
    assert (answer.status, answer.body) == (200, JPEGS[0])


async def test_big_endian_leaves_in_little_endian(served: Served) -> None:
    attributes = {
        0x00280002: b"\0\1", 0x00280010: b"\0\1", 0x00280011: b"\0\2", 0x00280100: b"\0\x10",
    }  # fmt: skip
    head = [
        element(tag, "UI", value, BIG)
        for tag, value in (
            (0x00080016, b"1.2.840.10008.5.1.4.1.1.2\0"),
            (0x00080018, b"1.2.3.4\0"),
            (0x0020000D, b"1.2.3\0"),
            (0x0020000E, b"1.2.3.1\0"),
        )
    ]
    head += [element(tag, "US", value, BIG) for tag, value in attributes.items()]
    pixels = element(0x7FE00010, "OW", b"\1\2\3\4", BIG)
    await served.add(b"".join(head) + pixels, syntax=BIG.uid)
    answer = await served.get(frames("1"), OCTETS)
    assert answer.body == b"\2\1\4\3"
    assert answer.headers["Content-Type"] == f"{OCTETS}; transfer-syntax={EXPLICIT.uid}"


@pytest.mark.parametrize(
    ("numbers", "status"),
    [
        ("0", 400),
        ("-1", 400),
        ("1,", 400),
        ("1,x", 400),
        ("1.5", 400),
        ("1e9", 400),
        ("4294967296", 400),
        (",".join(["1"] * 1_001), 400),
        ("4", 404),
        ("1,4", 404),
        ("1000000000", 404),
    ],
)
async def test_w17_numbers_of_frames(served: Served, numbers: str, status: int) -> None:
    await served.add(image(3))
    answer = await served.get(frames(numbers))
    assert answer.status == status
    assert "frame" in answer.why


async def test_a_thousand_frames_at_once(served: Served) -> None:
    await served.add(image(3))
    answer = await served.get(frames(",".join(["1"] * 1_000)))
    assert len(answer.parts) == 1_000


@pytest.mark.parametrize("other", [{"study": "1.9"}, {"series": "1.9"}, {"uid": "1.9"}])
async def test_frames_of_what_is_not_there(served: Served, other: dict[str, str]) -> None:
    await served.add(image())
    assert (await served.get(frames("1", **other))).status == 404


async def test_an_instance_without_pixels(served: Served) -> None:
    await served.add(data_set())
    answer = await served.get(frames("1"))
    assert answer.status == 404
    assert "has no pixels" in answer.why


async def test_frames_that_nobody_can_tell_apart(served: Served, logged: list[EventDict]) -> None:
    await served.add(image(3, pixels=element(0x7FE00010, "OB", b"1234")))
    answer = await served.get(frames("1"))
    assert answer.status == 404
    assert "has no frames that can be told apart: Pixel Data: 4 bytes, but 3 frames" in answer.why
    assert logged == []  # it is for ever, and nobody can do anything about it


@pytest.mark.usefixtures("streamed")
async def test_frames_that_break_off(served: Served, logged: list[EventDict]) -> None:
    await served.add(image(3))
    await served.get(frames("1"))
    served.store.breaks_after = 2
    with pytest.raises(ClientPayloadError):
        await served.get(frames("1,2"))
    assert [each["event"] for each in logged] == ["an answer was cut short"]


def note_reads(served: Served, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes each read from the store is from now on."""
    noted: list[int] = []
    read_together = served.store.read_together

    async def noting(wanted: Sequence[tuple[Location, ByteRange]]) -> Sequence[bytes | StoreError]:
        noted.extend(part.length_bytes for _, part in wanted)
        return await read_together(wanted)

    monkeypatch.setattr(served.store, "read_together", noting)
    return noted


@pytest.mark.parametrize("is_compressed", [False, True])
async def test_who_read_the_metadata_has_each_frame_by_one_read(
    served: Served, monkeypatch: pytest.MonkeyPatch, is_compressed: bool
) -> None:
    await (compressed(served) if is_compressed else served.add(image(3)))
    stored = JPEGS if is_compressed else FRAMES
    assert (await served.get(path(below="/metadata"))).status == 200
    reads = note_reads(served, monkeypatch)
    answer = await served.get(frames("3,1"))
    assert [each.body for each in answer.parts] == [stored[2], stored[0]]
    assert reads == [len(stored[2]), len(stored[0])]


async def test_what_was_corrected_has_the_frames_that_are_stored(served: Served) -> None:
    await served.add(image(3))
    await served.get(path(below="/metadata"))
    await served.correct(Level.STUDY, STUDY, 0x00100010, "A^Name^That^Is^Much^Longer")
    for _ in range(2):
        assert [each.body for each in (await served.get(frames("1,3"))).parts] == [
            FRAMES[0], FRAMES[2],
        ]  # fmt: skip
        await served.get(path(below="/metadata"))


async def test_what_comes_in_place_of_what_was_purged_has_its_own_frames(served: Served) -> None:
    clock = itertools.count(1).__next__
    curation = Curation(served.store, served.store.name, served.index, now_us=clock)
    await served.add(image(3))
    await served.get(path(below="/metadata"))
    assert (await served.get(frames("3"))).status == 200
    await curation.delete(Scope(), [UID], "test")
    assert (await served.get(frames("3"))).status == 404
    assert await curation.purge(Scope(), 100, 9, "test") == 1
    assert (await served.get(frames("3"))).status == 404
    await compressed(served)
    for _ in range(2):
        assert [each.body for each in (await served.get(frames("3"))).parts] == [JPEGS[2]]
        await served.get(path(below="/metadata"))


async def test_only_get(served: Served) -> None:
    await served.add(image())
    answer = await served.ask("POST", frames("1"))
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert (await served.get(f"/studies/{STUDY}/instances/{UID}/frames/1")).status == 404
