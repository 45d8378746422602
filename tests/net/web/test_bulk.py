"""Bulk data: values by themselves."""

import pytest
from aiohttp import ClientPayloadError
from structlog.typing import EventDict

from pacsd.dicom.level import Level
from pacsd.testing.objects import data_set
from tests.dicom.written import BIG, element, item, sequence
from tests.net.web.serving import JPEG, STUDY, Served, fragments, image, path

OCTETS = "application/octet-stream"
RELATED = f'multipart/related; type="{OCTETS}"'
DOCUMENT = bytes(range(256)) * 16
ICON = bytes(range(100, 200)) * 40
PIXELS = bytes(range(250)) * 400
IN_ITEM = element(0x00091001, "OB", b"of no item that counts")

DATA = (
    data_set()
    + element(0x00420011, "OB", DOCUMENT)
    + sequence(0x00880200, item(IN_ITEM) + item(element(0x00420011, "OB", ICON)))
    + element(0x7FE00010, "OW", PIXELS)
)


def value(element_path: str, **other: str) -> str:
    return path(below=f"/bulkdata/{element_path}", **other)


@pytest.mark.parametrize(
    ("element_path", "expected"),
    [
        ("00420011", DOCUMENT),
        ("00880200/2/00420011", ICON),
        ("00880200/1/00091001", b"of no item that counts"),
        ("7FE00010", PIXELS),
        ("7fe00010", PIXELS),
        ("00100010", b"Test^Object "[:12]),
    ],
)
async def test_values(served: Served, element_path: str, expected: bytes) -> None:
    await served.add(DATA)
    alone = await served.get(value(element_path), OCTETS)
    assert (alone.status, alone.body) == (200, expected)
    assert alone.headers["Content-Type"] == OCTETS
    assert int(alone.headers["Content-Length"]) == len(expected)
    assert alone.headers["Accept-Ranges"] == "bytes"
    for accept in (None, RELATED, RELATED + "; transfer-syntax=*"):
        answer = await served.get(value(element_path), accept)
        (part,) = answer.parts
        assert part.body == expected
        assert part.headers["content-type"] == OCTETS
        assert part.headers["content-location"] == served.root + value(element_path.upper())


@pytest.mark.parametrize(
    "element_path",
    ["00420012", "00880200", "00880200/3/00420011", "00880200/1/00420011", "00100010/1/00420011"],
)
async def test_what_has_no_value(served: Served, element_path: str) -> None:
    await served.add(DATA)
    answer = await served.get(value(element_path), OCTETS)
    assert answer.status == 404
    assert "is not in the" in answer.why


@pytest.mark.parametrize("element_path", ["x", "0042001", "00880200/0/00420011", "00880200/1"])
async def test_what_is_no_element(served: Served, element_path: str) -> None:
    await served.add(DATA)
    assert (await served.get(value(element_path))).status == 400


@pytest.mark.parametrize("other", [{"study": "1.9"}, {"series": "1.9"}, {"uid": "1.9"}])
async def test_values_of_what_is_not_there(served: Served, other: dict[str, str]) -> None:
    await served.add(DATA)
    assert (await served.get(value("00420011", **other))).status == 404


async def test_what_nobody_takes(served: Served) -> None:
    await served.add(DATA)
    assert (await served.get(value("00420011"), "image/jpeg")).status == 406


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("0-9", 0, 10), ("4000-", 4_000, 4_096), ("-6", 4_090, 4_096), ("10-99999", 10, 4_096)],
)
async def test_a_part_of_a_value(served: Served, asked: str, start: int, stop: int) -> None:
    await served.add(DATA)
    answer = await served.get(value("00420011"), OCTETS, Range=f"bytes={asked}")
    assert (answer.status, answer.body) == (206, DOCUMENT[start:stop])
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/4096"
    assert int(answer.headers["Content-Length"]) == stop - start


@pytest.mark.parametrize("asked", ["bytes=4096-", "bytes=-0", "bytes=9999-10000"])
async def test_w06_no_byte_of_a_value(served: Served, asked: str) -> None:
    await served.add(DATA)
    answer = await served.get(value("00420011"), OCTETS, Range=asked)
    assert (answer.status, answer.headers["Content-Range"]) == (416, "bytes */4096")


@pytest.mark.parametrize(
    "asked",
    ["bytes=0-1,4-5", "bytes=9-1", "lines=0-9", "bytes=" + ",".join(["0-"] * 10_000)[:8_000]],
)
async def test_w06_what_is_answered_with_the_whole(served: Served, asked: str) -> None:
    await served.add(DATA)
    answer = await served.get(value("00420011"), OCTETS, Range=asked)
    assert (answer.status, answer.body) == (200, DOCUMENT)
    assert "Content-Range" not in answer.headers


async def test_ranges_are_of_single_parts_only(served: Served) -> None:
    await served.add(DATA)
    answer = await served.get(value("00420011"), RELATED, Range="bytes=0-9")
    assert (answer.status, answer.parts[0].body) == (200, DOCUMENT)


async def test_pixels_in_fragments_are_frames(served: Served) -> None:
    frames = [b"\xff\xd8one\x00", b"\xff\xd8second"]
    await served.add(image(2, pixels=fragments(*frames)), syntax=JPEG)
    answer = await served.get(value("7FE00010"))
    assert [each.body for each in answer.parts] == frames
    for number, part in enumerate(answer.parts, start=1):
        assert part.headers["content-type"] == f"image/jpeg; transfer-syntax={JPEG}"
        location = part.headers["content-location"].removeprefix(served.root)
        assert location == path(below=f"/frames/{number}")
    assert (await served.get(value("00880200/1/7FE00010"))).status == 404


async def test_big_endian_values_are_turned_round(served: Served) -> None:
    head = (
        (0x00080016, "UI", b"1.2.840.10008.5.1.4.1.1.2\0"),
        (0x00080018, "UI", b"1.2.3.4\0"),
        (0x0020000D, "UI", b"1.2.3\0"),
        (0x0020000E, "UI", b"1.2.3.1\0"),
        (0x7FE00010, "OW", b"\1\2\3\4"),
    )
    data = b"".join(element(tag, vr, value, BIG) for tag, vr, value in head)
    await served.add(data, syntax=BIG.uid)
    assert (await served.get(value("7FE00010"), OCTETS)).body == b"\2\1\4\3"


async def test_where_metadata_says_a_value_is_it_is(served: Served) -> None:
    await served.add(DATA)
    (found,) = (await served.get(path(below="/metadata"))).json
    nested = found["00880200"]["Value"][1]["00420011"]["BulkDataURI"]
    for uri, expected in (
        (found["7FE00010"]["BulkDataURI"], PIXELS),
        (found["00420011"]["BulkDataURI"], DOCUMENT),
        (nested, ICON),
    ):
        assert uri.startswith(served.root)
        assert (await served.get(uri.removeprefix(served.root), OCTETS)).body == expected


@pytest.mark.usefixtures("streamed")
async def test_a_value_that_cannot_be_read(served: Served, logged: list[EventDict]) -> None:
    await served.add(DATA)
    served.store.breaks_after = 60_000
    with pytest.raises(ClientPayloadError):
        await served.get(value("7FE00010"), OCTETS)
    served.store.objects.clear()
    assert (await served.get(value("7FE00010"), OCTETS)).status == 503
    events = [each["event"] for each in logged]
    assert events == ["an answer was cut short", "an object cannot be read"]


async def test_w06_ten_thousand_ranges(served: Served) -> None:
    """As many as fit into a header: the whole; more: the header is none."""
    await served.add(image())
    target, accept = path(below="/bulkdata/7FE00010"), "application/octet-stream"
    many = await served.get(target, accept, Range="bytes=" + ",".join(["0-1"] * 2_000))
    assert (many.status, many.body) == (200, bytes([1] * 4))
    refused = await served.get(target, accept, Range="bytes=" + ",".join(["0-1"] * 10_000))
    assert refused.status == 400


OLD_NAME, NEW_NAME = b"Test^Object ", "Röe^Jane ".encode()
OF_OLD_NAME = "04000561/1/04000550/1/00100010"


async def test_what_was_corrected_leaves_corrected(served: Served) -> None:
    await served.add(DATA)
    assert (await served.get(value("00100010"), OCTETS)).body == b"Test^Object "
    assert (await served.get(value(OF_OLD_NAME), OCTETS)).status == 404
    await served.correct(Level.STUDY, STUDY, 0x00100010, "Röe^Jane")
    for element_path, expected in (
        ("00100010", NEW_NAME),
        ("00080005", b"ISO_IR 192"),
        (OF_OLD_NAME, OLD_NAME),
        ("00420011", DOCUMENT),
        ("00880200/2/00420011", ICON),
        ("7FE00010", PIXELS),
    ):
        alone = await served.get(value(element_path), OCTETS)
        assert (alone.status, alone.body) == (200, expected), element_path
        assert alone.headers["Content-Type"] == OCTETS
        assert int(alone.headers["Content-Length"]) == len(expected)
        assert (await served.get(value(element_path), RELATED)).parts[0].body == expected
        some = await served.get(value(element_path), OCTETS, Range="bytes=2-3")
        assert (some.status, some.body) == (206, expected[2:4])
        assert some.headers["Content-Range"] == f"bytes 2-3/{len(expected)}"
        head = await served.ask("HEAD", value(element_path), OCTETS)
        assert (head.status, head.body) == (200, b"")
        assert head.headers["Content-Length"] == alone.headers["Content-Length"]
        assert head.headers["ETag"] == alone.headers["ETag"]


async def test_what_was_corrected_away_is_not_there(served: Served) -> None:
    await served.add(DATA)
    await served.correct(Level.STUDY, STUDY, 0x00100010, "")
    answer = await served.get(value("00100010"), OCTETS)
    assert answer.status == 404
    assert "is not in the" in answer.why
    assert (await served.get(value(OF_OLD_NAME), OCTETS)).body == OLD_NAME


@pytest.mark.parametrize("accept", [OCTETS, RELATED])
async def test_who_has_the_old_value_gets_the_corrected_one(served: Served, accept: str) -> None:
    await served.add(DATA)
    tags: list[str] = []
    for name in ("Test^Object", "Roe", "Doe"):
        await served.correct(Level.STUDY, STUDY, 0x00100010, name)
        known = ", ".join(tags) or '"none"'
        answer = await served.get(value("00100010"), accept, If_None_Match=known)
        assert answer.status == 200
        assert name.encode() in answer.body
        tags.append(answer.headers["ETag"])
        again = await served.get(value("00100010"), accept, If_None_Match=tags[-1])
        assert (again.status, again.body) == (304, b"")
    assert len({*tags}) == len(tags)


async def test_what_cannot_be_corrected_does_not_leave_as_it_was(
    served: Served, logged: list[EventDict]
) -> None:
    await served.add(DATA)
    await served.correct(Level.STUDY, STUDY, 0x00100010, "Roe")
    served.store.objects.clear()
    answer = await served.get(value("00100010"), OCTETS)
    assert answer.status == 503
    assert OLD_NAME not in answer.body
    assert [each["event"] for each in logged] == ["an object cannot be read"]
