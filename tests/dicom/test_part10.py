import struct
import warnings
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pydicom.data
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import FileMetaDataset
from pydicom.filereader import read_file_meta_info, read_partial
from pydicom.filewriter import write_file_meta_info

from pacsd.dicom.errors import Part10Error
from pacsd.dicom.part10 import (
    MAX_META_LENGTH_BYTES,
    FileMeta,
    decode_file_meta,
    encode_file_meta,
    has_preamble,
)

KEYWORDS = {
    "media_storage_sop_class_uid": "MediaStorageSOPClassUID",
    "media_storage_sop_instance_uid": "MediaStorageSOPInstanceUID",
    "transfer_syntax_uid": "TransferSyntaxUID",
    "implementation_class_uid": "ImplementationClassUID",
    "implementation_version_name": "ImplementationVersionName",
    "source_ae_title": "SourceApplicationEntityTitle",
    "sending_ae_title": "SendingApplicationEntityTitle",
    "receiving_ae_title": "ReceivingApplicationEntityTitle",
    "source_presentation_address": "SourcePresentationAddress",
    "sending_presentation_address": "SendingPresentationAddress",
    "receiving_presentation_address": "ReceivingPresentationAddress",
    "private_information_creator_uid": "PrivateInformationCreatorUID",
    "private_information": "PrivateInformation",
}
META = FileMeta("1.2.840.10008.5.1.4.1.1.2", "2.25.1", "1.2.840.10008.1.2.1", "2.25.2")
DATA_SET = b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100"

UIDS = st.from_regex(r"[1-9][0-9]{0,5}(\.[1-9][0-9]{0,5}){1,8}", fullmatch=True)
TITLES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=16).filter(
    lambda title: "\\" not in title
)
METAS = st.builds(
    FileMeta,
    media_storage_sop_class_uid=UIDS,
    media_storage_sop_instance_uid=UIDS,
    transfer_syntax_uid=UIDS,
    implementation_class_uid=UIDS,
    implementation_version_name=TITLES,
    source_ae_title=TITLES,
    sending_ae_title=TITLES,
    receiving_ae_title=TITLES,
    source_presentation_address=TITLES,
    sending_presentation_address=TITLES,
    receiving_presentation_address=TITLES,
    private_information_creator_uid=st.just("") | UIDS,
    private_information=st.binary(max_size=512).map(lambda value: value + bytes(len(value) % 2)),
)


def short(element: int, vr: bytes, value: bytes, group: int = 2) -> bytes:
    return struct.pack("<HH2sH", group, element, vr, len(value)) + value


def file_of(*elements: bytes) -> bytes:
    return bytes(128) + b"DICM" + b"".join(elements)


def as_pydicom_reads(meta: FileMetaDataset) -> FileMeta:
    texts = {
        name: str(meta.get(keyword) or "").strip("\0 ")
        for name, keyword in KEYWORDS.items()
        if name != "private_information"
    }
    return FileMeta(**texts, private_information=meta.get("PrivateInformation") or b"")


def carried_files() -> Iterator[Path]:
    """Files of the pydicom package and, where it stands beside the repository, the shared data."""
    yield from sorted(Path(pydicom.data.__file__).parent.rglob("*.dcm"))
    shared = Path(__file__).resolve().parents[3] / "shared" / "data"
    yield from (path for path in sorted(shared.rglob("*")) if path.is_file())


@given(METAS, st.binary(min_size=128, max_size=128))
def test_round_trip(meta: FileMeta, preamble: bytes) -> None:
    encoded = encode_file_meta(meta, preamble)
    assert encoded.startswith(preamble + b"DICM")
    for buffer in (encoded, bytearray(encoded), memoryview(encoded + DATA_SET)):
        assert has_preamble(buffer)
        assert decode_file_meta(buffer) == (meta, len(encoded))


@given(METAS)
def test_pydicom_reads_what_we_write(meta: FileMeta) -> None:
    encoded = encode_file_meta(meta)
    with warnings.catch_warnings():
        # Random text is no URL, and pydicom says so for VR UR.
        warnings.simplefilter("ignore")
        read = read_partial(BytesIO(encoded + DATA_SET)).file_meta
    assert as_pydicom_reads(read) == meta
    assert read.FileMetaInformationVersion == b"\x00\x01"
    assert read.FileMetaInformationGroupLength == len(encoded) - 128 - 4 - 12


@given(METAS)
def test_bytes_are_those_pydicom_writes(meta: FileMeta) -> None:
    dataset = FileMetaDataset()
    dataset.FileMetaInformationGroupLength = 0
    dataset.FileMetaInformationVersion = b"\x00\x01"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, keyword in KEYWORDS.items():
            if value := getattr(meta, name):
                setattr(dataset, keyword, value)
        written = BytesIO()
        write_file_meta_info(written, dataset, enforce_standard=False)
    assert encode_file_meta(meta) == bytes(128) + b"DICM" + written.getvalue()


def test_every_carried_file_reads_as_in_pydicom() -> None:
    compared = 0
    for path in carried_files():
        with path.open("rb") as file:
            head = file.read(132 + MAX_META_LENGTH_BYTES)
        if has_preamble(head) and len(head) > 132:
            meta, offset = decode_file_meta(head)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                oracle = read_file_meta_info(path)
            assert meta == as_pydicom_reads(oracle), path.name
            assert head[offset : offset + 2] != b"\x02\x00", path.name
            compared += 1
    assert compared > 20


def test_what_devices_write_is_taken() -> None:
    elements = [
        short(0x0000, b"UL", b"\xff\0\0\0"),  # wrong group length
        short(0x0018, b"AE", b"PACSD"),  # out of order, odd length
        short(0x0002, b"UI", b"1.2.3"),  # odd length
        short(0x0003, b"UI", b"9.9\0"),
        short(0x0003, b"UI", b"1.2.3.4 "),  # again, padded with a space
        struct.pack("<HHI", 2, 0x0010, 18) + b"1.2.840.10008.1.2\0",  # Implicit VR
        short(0x0044, b"ZZ", b"??"),  # unknown element of an unknown VR
        struct.pack("<HH2sxxI", 2, 0x0046, b"UN", 3) + b"abc",
        short(0x0016, b"AE", b" ST\xc4TION "),
    ]
    meta, offset = decode_file_meta(file_of(*elements, DATA_SET))
    assert meta == FileMeta(
        "1.2.3", "1.2.3.4", "1.2.840.10008.1.2", "", source_ae_title="STÄTION",
        receiving_ae_title="PACSD",
    )  # fmt: skip
    assert offset == len(file_of(*elements))


def test_missing_group_length_and_empty_group_are_taken() -> None:
    named, offset = decode_file_meta(file_of(short(0x0010, b"UI", b"1.2\0"), DATA_SET))
    assert (named.transfer_syntax_uid, offset) == ("1.2", 144)
    empty, offset = decode_file_meta(file_of(DATA_SET))
    assert (empty, offset) == (FileMeta("", "", "", ""), 132)


@pytest.mark.parametrize(
    ("buffer", "refusal"),
    [
        (b"", "no DICM at offset 128"),
        (bytes(132), "no DICM at offset 128"),
        (bytes(128) + b"DIC", "no DICM at offset 128"),
        (file_of(b"\x02\0\x10\0UI"), r"\(0002,0010\) at offset 132: the file ends in its header"),
        (
            file_of(b"\x02\0\x02\x01OB\0\0"),
            r"\(0002,0102\) at offset 132: the file ends in its header",
        ),
        (
            file_of(short(0x0010, b"UI", b"1.2.3\0")[:-1]),
            r"\(0002,0010\) at offset 132: length 6, but 5 bytes are left",
        ),
        (
            file_of(struct.pack("<HH2sxxI", 2, 0x0102, b"OB", 0xFFFFFFFF)),
            r"\(0002,0102\) at offset 132: undefined length",
        ),
        (
            file_of(struct.pack("<HH2sxxI", 2, 0x0102, b"OB", 0xFFFFFFFE)),
            r"\(0002,0102\) at offset 132: length 4294967294 takes .* past 65536",
        ),
        (
            file_of(short(0x0010, b"UI", bytes(0x7FFF)) * 2),
            r"\(0002,0010\) at offset 32907: length 32767 takes .* past 65536",
        ),
        (
            file_of(short(0, b"UL", b"\x40\0\0\0"), short(0x0010, b"UI", b"1.2\0")),
            r"\(0002,0000\): the group ends at offset 208, but the file at 156",
        ),
    ],
)
def test_refusal_names_element_offset_and_rule(buffer: bytes, refusal: str) -> None:
    with pytest.raises(Part10Error, match=refusal):
        decode_file_meta(buffer)


@given(st.binary(max_size=300))
def test_bytes_at_random_are_read_or_refused(tail: bytes) -> None:
    for group in (file_of(tail), file_of(b"\x02\0", tail), file_of(b"\x02\0\0\0UL\4\0", tail)):
        try:
            meta, offset = decode_file_meta(group)
        except Part10Error:
            continue
        assert 132 <= offset <= len(group)
        assert isinstance(meta, FileMeta)


def test_a_refused_buffer_can_be_refilled() -> None:
    # A bytearray with a live view cannot be resized.
    encoded = encode_file_meta(META)
    buffer = bytearray(encoded[:-1])
    with pytest.raises(Part10Error) as refused:
        decode_file_meta(buffer)
    buffer += encoded[-1:]
    assert refused.value.__traceback__ is not None
    assert decode_file_meta(buffer)[0] == META


@given(METAS, st.data())
def test_a_cut_file_is_refused_and_never_half_read(meta: FileMeta, data: st.DataObject) -> None:
    encoded = encode_file_meta(meta)
    # From the end of (0002,0000) on, the group length tells that something is missing.
    cut = data.draw(st.integers(min_value=132 + 12, max_value=len(encoded) - 1))
    with pytest.raises(Part10Error):
        decode_file_meta(encoded[:cut])


@pytest.mark.parametrize(
    "meta",
    [
        replace(META, media_storage_sop_class_uid=""),
        replace(META, media_storage_sop_instance_uid=""),
        replace(META, transfer_syntax_uid=""),
        replace(META, implementation_class_uid=""),
    ],
)
def test_type_1_elements_are_always_written(meta: FileMeta) -> None:
    with pytest.raises(Part10Error, match=r"^File Meta Information \(0002,00..\): empty"):
        encode_file_meta(meta)


@pytest.mark.parametrize(
    ("meta", "refusal"),
    [
        (replace(META, source_ae_title="\u65e5"), r"\(0002,0016\): '\\u65e5' is not Latin-1"),
        (replace(META, transfer_syntax_uid="\u0663"), r"\(0002,0010\): '\\u0663' is not Latin-1"),
        (
            replace(META, implementation_version_name="A" * 0x10000),
            r"\(0002,0013\): 65536 bytes do not fit a 16-bit length",
        ),
        (replace(META, private_information=bytes(0x10000)), r"more than the 65536"),
    ],
)
def test_what_a_file_cannot_hold_is_refused(meta: FileMeta, refusal: str) -> None:
    with pytest.raises(Part10Error, match=refusal):
        encode_file_meta(meta)


def test_the_longest_group_we_write_we_read() -> None:
    overhead = len(encode_file_meta(replace(META, private_information=b"ab"))) - 132 - 2
    longest = replace(META, private_information=bytes(MAX_META_LENGTH_BYTES - overhead))
    assert decode_file_meta(encode_file_meta(longest))[0] == longest
    with pytest.raises(Part10Error):
        encode_file_meta(replace(META, private_information=longest.private_information + b"ab"))


@pytest.mark.parametrize("length", [0, 127, 129])
def test_preamble_is_128_bytes(length: int) -> None:
    with pytest.raises(Part10Error, match=f"^preamble: {length} bytes instead of 128"):
        encode_file_meta(META, bytes(length))
