import pytest

from pacsd.dicomweb.media_types import media_type_of
from pacsd.net.web.bulk_syntax import check_frame, explicit_vr_little_endian, syntax_of_pixels
from pacsd.net.web.store_report import NotStored
from tests.dicom.written import known

ROOT = "1.2.840.10008.1.2"
OCTETS = "application/octet-stream"
NATIVE, JPEG, JPEG_LS, JPEG_2000, RLE = (
    f"{ROOT}.1", f"{ROOT}.4.50", f"{ROOT}.4.80", f"{ROOT}.4.90", f"{ROOT}.5",
)  # fmt: skip


def told(content_type: str, said: str = "") -> str:
    media_type = media_type_of(content_type)
    assert media_type is not None
    return syntax_of_pixels(media_type, said).uid


@pytest.mark.parametrize(
    ("content_type", "said", "uid"),
    [
        (OCTETS, "", NATIVE),
        (OCTETS, NATIVE, NATIVE),
        (OCTETS, ROOT, NATIVE),
        (f"{OCTETS}; transfer-syntax={ROOT}.1.99", "", NATIVE),
        (f"{OCTETS}; transfer-syntax={NATIVE}", JPEG, NATIVE),
        ("image/dicom-rle", "", RLE),
        ("image/jpeg", JPEG, JPEG),
        (f"image/jpeg; transfer-syntax={JPEG}", "", JPEG),
        (f"image/jpeg; transfer-syntax={JPEG}", f"{ROOT}.4.70", JPEG),
        (f'image/jls; transfer-syntax="{JPEG_LS}"', "", JPEG_LS),
        (f"IMAGE/JP2; transfer-syntax={JPEG_2000}", NATIVE, JPEG_2000),
        (f"{OCTETS}; transfer-syntax={JPEG_2000}", "", JPEG_2000),
        (f"{OCTETS}; transfer-syntax={ROOT}.4.57", "", f"{ROOT}.4.57"),
        (f"video/mp4; transfer-syntax={ROOT}.4.102", "", f"{ROOT}.4.102"),
    ],
)
def test_what_can_be_told(content_type: str, said: str, uid: str) -> None:
    assert told(content_type, said) == uid


@pytest.mark.parametrize(
    ("content_type", "said", "why"),
    [
        ("image/jpeg", "", "no transfer-syntax"),
        ("image/jp2", "", "no transfer-syntax"),
        ("image/png", "", "no transfer-syntax"),
        ("image/jpeg", NATIVE, "is not application/octet-stream"),
        ("image/jpeg", JPEG_2000, "is not image/jp2"),
        (f"image/jp2; transfer-syntax={JPEG}", "", "is not image/jpeg"),
        (OCTETS, JPEG, "is not image/jpeg"),
        (OCTETS, f"{ROOT}.1.98", "no transfer-syntax beside it"),
        (f"{OCTETS}; transfer-syntax={ROOT}.2", "", "is none that bulk data comes in"),
        (f"image/jpeg; transfer-syntax={ROOT}.4.94", "", "is none that bulk data comes in"),
        ("image/jpeg; transfer-syntax=1.2.3", "", "is none that bulk data comes in"),
        ("image/jpeg; transfer-syntax=*", "", "is none that bulk data comes in"),
    ],
)
def test_w15_what_cannot_be_told(content_type: str, said: str, why: str) -> None:
    with pytest.raises(NotStored, match=why) as refused:
        told(content_type, said)
    assert refused.value.status == 0xC122


def test_a_frame_begins_as_its_code_stream_does() -> None:
    check_frame(known(JPEG), b"\xff\xd8")
    check_frame(known(JPEG_2000), b"\xff\x4f")
    check_frame(known(RLE), b"\1\0")
    for syntax, head in ((JPEG, b"\xff\x4f"), (JPEG_2000, b"\0\0"), (JPEG, b"")):
        with pytest.raises(NotStored, match="begins with"):
            check_frame(known(syntax), head)


def test_what_is_not_compressed_is_stored_in_explicit_vr() -> None:
    assert explicit_vr_little_endian() == known(NATIVE)
