import time
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicomweb.errors import BadRequest, DicomWebError, TooLarge, UnsupportedMedia
from pacsd.dicomweb.multipart import (
    MAX_BYTES_AROUND,
    MAX_HEADER_BYTES,
    MAX_HEADERS,
    End,
    Event,
    MultipartReader,
    PartBegin,
    PartData,
    PartEnd,
    Related,
    related_of,
)

Part = tuple[tuple[tuple[str, str], ...], bytes]
DICOM = (("content-type", "application/dicom"),)


def whole(events: Iterable[Event]) -> tuple[list[Part], bool]:
    """The parts that the events are of, and whether the end was told."""
    parts: list[Part] = []
    is_open = is_ended = False
    for event in events:
        assert not is_ended
        if isinstance(event, PartBegin):
            assert not is_open
            is_open = True
            parts.append((event.headers, b""))
        elif isinstance(event, PartData):
            assert is_open
            assert len(event.data) > 0
            headers, data = parts[-1]
            parts[-1] = headers, data + event.data
        elif isinstance(event, PartEnd):
            assert is_open
            is_open = False
        else:
            is_ended = True
    return parts, is_ended


def read(payload: bytes, size: int = 1 << 20, max_parts: int = 100) -> list[Part]:
    reader = MultipartReader("b", max_parts)
    chunks = (payload[place : place + size] for place in range(0, len(payload), size))
    parts, is_ended = whole(event for chunk in chunks for event in reader.feed(chunk))
    reader.end()
    assert is_ended
    return parts


PAYLOADS: dict[bytes, list[Part]] = {
    b"--b\r\nContent-Type: application/dicom\r\n\r\nDICM\r\n--b--\r\n": [(DICOM, b"DICM")],
    b"--b\r\nContent-Type: application/dicom\r\n\r\nDICM\r\n--b--": [(DICOM, b"DICM")],
    b"--b--": [],
    b"--b\r\n\r\nx\r\n--b--": [((), b"x")],
    b"--b\r\n\r\n\r\n--b--": [((), b"")],
    b"--b\r\n\r\n--b--": [((), b"")],
    b"--b\r\n\r\n--b\r\n\r\n\r\n--b--": [((), b""), ((), b"")],
    b"--b\r\nA: 1\r\n\r\n--b\r\nA: 2\r\n\r\n\r\n--b--": [
        ((("a", "1"),), b""), ((("a", "2"),), b""),
    ],
    b"--b\r\n\r\n\r\n\r\n--b--": [((), b"\r\n")],
    b"\r\n--b\r\n\r\nx\r\n--b--": [((), b"x")],
    b"nobody reads this\r\n--b \t \r\n\r\nx\r\n--b--  \r\nnor this": [((), b"x")],
    # The boundary within data: not at the beginning of a line, or of a longer word.
    b"--b\r\n\r\n--bx --b\r\n--bc\r\n--b-x\n--b\r\n\r\n--b--": [
        ((), b"--bx --b\r\n--bc\r\n--b-x\n--b\r\n"),
    ],
    b"--b\r\n\r\n\r\r\n-\r\n--\r\n-b\r\r\n--b--": [((), b"\r\r\n-\r\n--\r\n-b\r")],
    b"--b\r\n\r\n\r\n--b x\r\n--b\t\rx\r\n--b--": [((), b"\r\n--b x\r\n--b\t\rx")],
    b"--b\r\nContent-Type:application/dicom;\r\n x=1\r\nA : \xe4 \r\n\r\n.\r\n--b--": [
        ((("content-type", "application/dicom; x=1"), ("a", "\xe4")), b".")
    ],
}  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 1000])
def test_payloads(payload: bytes, size: int) -> None:
    assert read(payload, size) == PAYLOADS[payload]


@pytest.mark.parametrize("payload", [each for each in PAYLOADS if not each.endswith(b"this")])
def test_w08_a_missing_end(payload: bytes) -> None:
    for end in range(payload.rindex(b"--")):
        reader = MultipartReader("b", 100)
        has_begun = any(isinstance(each, PartBegin) for each in reader.feed(payload[:end]))
        why = (
            "ends before the closing boundary"
            if has_begun
            else "has no line --b|before the closing"
        )
        with pytest.raises(BadRequest, match=why):
            reader.end()


@pytest.mark.parametrize(
    "payload",
    [
        b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n",
        b"--b\r\ncontent-type:  Multipart/Related\r\n\r\n",
    ],
)
def test_w08_multipart_in_multipart(payload: bytes) -> None:
    with pytest.raises(BadRequest, match="is multipart itself"):
        MultipartReader("b", 1).feed(payload)


@pytest.mark.parametrize(
    "line",
    [b"x", b":", b": x", b" a: b", b"a b: c", b"a: \0", b"a: b\rc: d", b"a: b\nc: d", b"--b"],
)  # fmt: skip
def test_headers_that_are_none(line: bytes) -> None:
    with pytest.raises(BadRequest, match="is no header"):
        MultipartReader("b", 1).feed(b"--b\r\n" + line + b"\r\n\r\n")


def fed(reader: MultipartReader, chunk: bytes, times: int) -> None:
    for _ in range(times):
        reader.feed(chunk)


def test_w08_a_preamble_and_an_epilogue_have_bounds() -> None:
    whys = ("no line --b, ended by CR LF in its first", "bytes behind its closing boundary")
    for start, why in zip((b"", b"--b--"), whys, strict=True):
        reader = MultipartReader("b", 1)
        reader.feed(start)
        reader.feed(b"x" * MAX_BYTES_AROUND)
        with pytest.raises(TooLarge, match=why):
            fed(reader, b"x" * 100, 2)


def test_w05_the_headers_of_a_part_have_bounds() -> None:
    with pytest.raises(TooLarge, match="bytes of headers"):
        MultipartReader("b", 1).feed(b"--b\r\nA: " + b"x" * MAX_HEADER_BYTES)
    with pytest.raises(TooLarge, match="bytes of headers"):
        fed(MultipartReader("b", 1), b"--b\r\nA:\r\n", 10_000)
    most = b"A: 1\r\n" * MAX_HEADERS
    (begin,) = MultipartReader("b", 1).feed(b"--b\r\n" + most + b"\r\n")
    assert isinstance(begin, PartBegin)
    assert len(begin.headers) == MAX_HEADERS
    with pytest.raises(TooLarge, match="more than 64 headers"):
        MultipartReader("b", 1).feed(b"--b\r\n" + most + b"A: 1\r\n\r\n")


def test_w08_a_million_empty_parts() -> None:
    reader = MultipartReader("b", 1_000)
    reader.feed(b"--b\r\n\r\n" * 1_000)
    with pytest.raises(TooLarge, match="more than 1000 parts"):
        fed(reader, b"\r\n--b\r\n\r\n", 1_000_000)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ('multipart/related; type="application/dicom"; boundary=b', ("application/dicom", "b")),
        ("Multipart/Related;boundary=a=b;Type=Application/DICOM", ("application/dicom", "a=b")),
        ('multipart/related; boundary="a b:c"', ("", "a b:c")),
        ("multipart/related; boundary=" + "b" * 70, ("", "b" * 70)),
        ("multipart/related; boundary=" + "b" * 73, ("", "b" * 73)),  # Orthanc's
        ('multipart/related; start="<a>"; boundary=b;', ("", "b")),
    ],
)
def test_content_types(content_type: str, expected: tuple[str, str]) -> None:
    assert related_of(content_type) == Related(*expected)


@pytest.mark.parametrize(
    "boundary",
    ["", "; boundary=", '; boundary=""', "; boundary=" + "b" * 129, '; boundary="b "',
     '; boundary=" b"', '; boundary="\xe4"', "; x=boundary"],
)  # fmt: skip
def test_w08_no_boundary(boundary: str) -> None:
    with pytest.raises(BadRequest, match="has no boundary of 1 to 128 characters"):
        related_of("multipart/related" + boundary)


@pytest.mark.parametrize(
    "content_type",
    ["", "application/dicom", "multipart/form-data; boundary=b", "multipart/related; boundary=b c"],
)
def test_other_content_types(content_type: str) -> None:
    with pytest.raises(UnsupportedMedia):
        related_of(content_type)


PIECES = st.sampled_from(
    [
        b"\r",
        b"\n",
        b"\r\n",
        b"-",
        b"--",
        b"--b",
        b"\r\n--b",
        b" ",
        b"A: 1",
        b"\r\n\r\n",
        b"b",
        b"xyz",
    ]
)
STREAMS = st.lists(st.one_of(PIECES, st.binary(max_size=3)), max_size=40).map(b"".join)


def outcome(chunks: Iterable[bytes]) -> tuple[object, ...]:
    reader = MultipartReader("b", 3)
    events: list[Event] = []
    refusal: object = None
    try:
        for chunk in chunks:
            events += reader.feed(chunk)
        parts = whole(events)
        reader.end()
    except DicomWebError as error:
        refusal, parts = type(error), ([], False)
    return refusal, parts


@given(STREAMS, st.lists(st.integers(1, 9), min_size=1))
def test_however_the_bytes_are_divided(stream: bytes, sizes: list[int]) -> None:
    payload = b"--b\r\n\r\n" + stream
    chunks: list[bytes] = []
    place = 0
    while place < len(payload):
        size = sizes[len(chunks) % len(sizes)]
        chunks.append(payload[place : place + size])
        place += size
    for each in (payload, stream):
        assert outcome([each]) == outcome(each[n : n + 1] for n in range(len(each)))
    assert outcome(chunks) == outcome([payload])


@given(st.lists(st.binary(max_size=200), max_size=5), st.integers(1, 50))
def test_round_trip(bodies: list[bytes], size: int) -> None:
    boundary = "never-in-200-bytes-of-hypothesis"
    parts = (b"--%s\r\nContent-Type: application/dicom\r\n\r\n%s\r\n" % (boundary.encode(), body)
             for body in bodies)  # fmt: skip
    payload = b"".join(parts) + b"--%s--\r\n" % boundary.encode()
    reader = MultipartReader(boundary, 5)
    events = [event for place in range(0, len(payload), size)
              for event in reader.feed(payload[place : place + size])]  # fmt: skip
    reader.end()
    assert whole(events) == ([(DICOM, body) for body in bodies], True)


def test_data_is_not_copied() -> None:
    reader = MultipartReader("b", 1)
    reader.feed(b"--b\r\n\r\n")
    chunk = bytes(1 << 16)
    (event,) = reader.feed(chunk)[-1:]
    assert isinstance(event, PartData)
    reader.feed(b"")
    (event,) = reader.feed(chunk)
    assert isinstance(event, PartData)
    assert event.data.obj is chunk


@pytest.mark.parametrize(
    "piece", [b"\r\n--b.", b"\r\n--b" + b" " * 65, b"\r", b"\r\n-", b"\r\n--b\r\n\r\n", b"\r\n--bx"]
)
def test_w08_the_worst_data_takes_linear_time(piece: bytes) -> None:
    seconds = []
    for size in (500_000, 2_000_000):
        reader = MultipartReader("b", 1_000_000)
        data = b"--b\r\n\r\n" + piece * (size // len(piece))
        started = time.perf_counter()
        reader.feed(data)
        seconds.append(time.perf_counter() - started)
    assert seconds[1] < 12 * seconds[0] + 0.05


def test_events_end_with_the_end() -> None:
    assert MultipartReader("b", 1).feed(b"--b--")[-1] == End()
