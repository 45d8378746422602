"""Objects to store: small data sets, made from keywords and values."""

import struct
from collections.abc import Mapping

from pacsd.dicom.dictionary import tag_of, vr_of
from pacsd.dicom.implementation import IMPLEMENTATION_CLASS_UID
from pacsd.dicom.part10 import FileMeta, encode_file_meta
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN
from pacsd.dicom.tag import Tag
from pacsd.dicom.values import NUMBER_CODES
from pacsd.dicom.vr import VR, has_long_length, padding_byte

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
PIXEL_DATA: Tag = 0x7FE00010

DEFAULTS: Mapping[str, str | int] = {
    "SOPClassUID": CT_IMAGE_STORAGE,
    "SOPInstanceUID": "1.2.3.4",
    "StudyDate": "20260102",
    "Modality": "CT",
    "PatientName": "Test^Object",
    "PatientID": "TEST-1",
    "StudyInstanceUID": "1.2.3",
    "SeriesInstanceUID": "1.2.3.1",
    "InstanceNumber": "1",
}
"""What an object has that nobody asked for."""


def data_set(attributes: Mapping[str, str | int] | None = None, *, pixel_bytes: int = 0) -> bytes:
    """A data set in Explicit VR Little Endian, its text in UTF-8.

    `attributes` are values by keyword, beside and instead of DEFAULTS; '' leaves one out. With
    `pixel_bytes`, Pixel Data of so many zeros follows.
    """
    values = {"SpecificCharacterSet": "ISO_IR 192", **DEFAULTS, **(attributes or {})}
    elements = {_tag(keyword): value for keyword, value in values.items() if value != ""}
    encoded = [_element(tag, elements[tag]) for tag in sorted(elements)]
    if pixel_bytes:
        encoded.append(_header(PIXEL_DATA, VR.OW, pixel_bytes) + bytes(pixel_bytes))
    return b"".join(encoded)


def dicom_file(attributes: Mapping[str, str | int] | None = None, *, pixel_bytes: int = 0) -> bytes:
    """Such a data set as a file (PS3.10 section 7.1)."""
    named = {**DEFAULTS, **(attributes or {})}
    uids = str(named["SOPClassUID"]), str(named["SOPInstanceUID"])
    meta = FileMeta(*uids, EXPLICIT_VR_LITTLE_ENDIAN, IMPLEMENTATION_CLASS_UID)
    return encode_file_meta(meta) + data_set(attributes, pixel_bytes=pixel_bytes)


def series_of(
    instances: int, attributes: Mapping[str, str | int] | None = None, *, pixel_bytes: int = 0
) -> list[bytes]:
    """The data sets of a series: as `data_set`, with SOP Instance UIDs and numbers of their own.

    The UIDs are those of the series with the Instance Number behind.
    """
    given = {**DEFAULTS, **(attributes or {})}
    return [
        data_set(
            {
                **given,
                "SOPInstanceUID": f"{given['SeriesInstanceUID']}.{number}",
                "InstanceNumber": str(number),
            },
            pixel_bytes=pixel_bytes,
        )
        for number in range(1, instances + 1)
    ]


def study_of(
    series: int,
    instances: int,
    attributes: Mapping[str, str | int] | None = None,
    *,
    pixel_bytes: int = 0,
) -> list[bytes]:
    """The data sets of a study: so many series, each of so many instances, one after the other.

    Their Series Instance UIDs are that of the study with the Series Number behind.
    """
    given = {**DEFAULTS, **(attributes or {})}
    found: list[bytes] = []
    for number in range(1, series + 1):
        uid = f"{given['StudyInstanceUID']}.{number}"
        of_series = {**given, "SeriesInstanceUID": uid, "SeriesNumber": str(number)}
        found += series_of(instances, of_series, pixel_bytes=pixel_bytes)
    return found


def _tag(keyword: str) -> Tag:
    tag = tag_of(keyword)
    if tag is None:
        raise KeyError(f"{keyword}: no keyword of PS3.6")
    return tag


def _element(tag: Tag, value: str | int) -> bytes:
    vr = vr_of(tag) or VR.UN
    if isinstance(value, int) and vr in NUMBER_CODES:
        raw = struct.pack(f"<{NUMBER_CODES[vr]}", value)
    else:
        raw = str(value).encode()
    raw += padding_byte(vr) * (len(raw) % 2)
    return _header(tag, vr, len(raw)) + raw


def _header(tag: Tag, vr: VR, length: int) -> bytes:
    form = "<HH2sxxI" if has_long_length(vr) else "<HH2sH"
    return struct.pack(form, tag >> 16, tag & 0xFFFF, vr.encode(), length)
