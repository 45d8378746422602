import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicomweb.multipart import MultipartReader, PartBegin, PartData, related_of
from pacsd.dicomweb.multipart_writer import PART_END, MultipartWriter

HEX = "0123456789abcdef" * 2
WRITER = MultipartWriter("application/dicom", HEX)


def test_a_payload_of_two_parts() -> None:
    begins = [
        WRITER.part(length=4, transfer_syntax="1.2.840.10008.1.2.1"),
        WRITER.part(media_type="image/jp2", content_location="/studies/1.2"),
    ]
    payload = b"".join((begins[0], b"DICM", PART_END, begins[1], b"", PART_END, WRITER.closing))
    assert payload.decode("ascii").split("\r\n") == [
        f"--pacsd-{HEX}",
        "Content-Type: application/dicom; transfer-syntax=1.2.840.10008.1.2.1",
        "Content-Length: 4",
        "",
        "DICM",
        f"--pacsd-{HEX}",
        "Content-Type: image/jp2",
        "Content-Location: /studies/1.2",
        "",
        "",
        f"--pacsd-{HEX}--",
        "",
    ]
    assert WRITER.content_length([(begins[0], 4), (begins[1], 0)]) == len(payload)


def test_content_type() -> None:
    related = related_of(WRITER.content_type)
    assert (related.media_type, related.boundary) == ("application/dicom", WRITER.boundary)


@pytest.mark.parametrize("chance", ["", "0" * 31, "0" * 33, "g" * 32, "0" * 31 + "\n"])
def test_a_boundary_needs_chance(chance: str) -> None:
    with pytest.raises(ValueError, match="is not 32 hexadecimal digits"):
        MultipartWriter("application/dicom", chance)


def test_w21_a_location_splits_no_header() -> None:
    begin = WRITER.part(content_location="/a\r\nX: y")
    assert begin.count(b"\r\n") == 4
    assert b"/a%0D%0AX:%20y" in begin


@given(st.lists(st.tuples(st.binary(max_size=300), st.booleans()), max_size=4))
def test_round_trip(bodies: list[tuple[bytes, bool]]) -> None:
    begins = [WRITER.part(length=len(body) if is_known else None) for body, is_known in bodies]
    parts = (begin + body + PART_END for begin, (body, _) in zip(begins, bodies, strict=True))
    payload = b"".join((*parts, WRITER.closing))
    sizes = zip(begins, (len(body) for body, _ in bodies), strict=True)
    assert WRITER.content_length(sizes) == len(payload)
    reader = MultipartReader(WRITER.boundary, len(bodies))
    read: list[bytes] = []
    for event in reader.feed(payload):
        if isinstance(event, PartBegin):
            read.append(b"")
        elif isinstance(event, PartData):
            read[-1] += event.data
    reader.end()
    assert read == [body for body, _ in bodies]
