"""CT slices that say as much of themselves as those of a scanner, and a file of many frames."""

from collections.abc import Iterator

from contrib.bench import messages
from contrib.bench.cohort import data_set
from pacsd.dicom.part10 import FileMeta, encode_file_meta

STUDY = f"{messages.UID_ROOT}.5"
SERIES = f"{STUDY}.1"
"""Of the slices."""

_LARGE_STUDY = f"{messages.UID_ROOT}.6"
_MULTI_FRAME_STORAGE = "1.2.840.10008.5.1.4.1.1.7.3"
_PRIVATE = 0x00190000
_PRIVATE_ELEMENTS = 200


def uid(number: int) -> str:
    """The SOP Instance UID of a slice."""
    return f"{SERIES}.{number + 1}"


def slice_file(number: int, rows: int) -> bytes:
    """A slice as a file."""
    return _meta(messages.CT_IMAGE_STORAGE, uid(number)) + ct_slice(number, rows)


def ct_slice(number: int, rows: int) -> bytes:
    """The data set of a slice, with some 220 elements before its pixels."""
    texts = {
        0x00080016: messages.CT_IMAGE_STORAGE,
        0x00080018: uid(number),
        0x00080020: "20260101",
        0x00080060: "CT",
        0x00100010: "BENCH^SLICES",
        0x00100020: "SLICES",
        0x0020000D: STUDY,
        0x0020000E: SERIES,
        0x00200013: f"{number + 1}",
    }
    identity = data_set({tag: text for tag, text in texts.items() if tag < _PRIVATE})
    place = data_set({tag: text for tag, text in texts.items() if tag > _PRIVATE})
    creator = messages.text_element(0x0019, 0x0010, b"LO", "PACSD BENCH")
    private = [
        messages.text_element(0x0019, 0x1000 + each, b"LO", f"value {each} of many")
        for each in range(_PRIVATE_ELEMENTS)
    ]
    return b"".join((identity, creator, *private, place, *messages.image_elements(rows)))


def large_file(frames: int) -> Iterator[bytes]:
    """A file of so many frames of 0.5 MB, in pieces that are few objects however long it is."""
    sop_instance_uid = f"{_LARGE_STUDY}.1.1"
    texts = {
        0x00080016: _MULTI_FRAME_STORAGE,
        0x00080018: sop_instance_uid,
        0x00080020: "20260101",
        0x00080060: "OT",
        0x00100010: "BENCH^LARGE",
        0x00100020: "LARGE",
        0x0020000D: _LARGE_STUDY,
        0x0020000E: f"{_LARGE_STUDY}.1",
        0x00200013: "1",
    }
    frame = messages.pixels(messages.CT_ROWS)
    yield _meta(_MULTI_FRAME_STORAGE, sop_instance_uid) + data_set(texts)
    yield from messages.image_description(messages.CT_ROWS, frames)
    yield messages.pixel_data_header(frames * len(frame))
    for _ in range(frames):
        yield frame


def _meta(sop_class_uid: str, sop_instance_uid: str) -> bytes:
    syntax, implementation = messages.EXPLICIT_VR_LE, messages.UID_ROOT
    return encode_file_meta(FileMeta(sop_class_uid, sop_instance_uid, syntax, implementation))
