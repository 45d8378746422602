"""The DICOM JSON model: a data set as objects that any JSON writer takes (PS3.18 annex F)."""

from pacsd.dicom.data_set import DataSet
from pacsd.dicom.json_values import (
    JsonObject,
    JsonValue,
    attribute,
    is_in_model,
    of_values,
)
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR

__all__ = ["JsonObject", "JsonValue", "to_json"]


def to_json(data_set: DataSet) -> JsonObject:
    """A data set in the DICOM JSON model, by tags of eight hexadecimal digits (section F.2.2).

    Its text is Unicode, so Specific Character Set says that. Group lengths and File Meta
    Information are left out.
    """
    tags = sorted(tag for tag in data_set if is_in_model(tag))
    return {f"{tag:08X}": _attribute(data_set, tag) for tag in tags}


def _attribute(data_set: DataSet, tag: Tag) -> JsonObject:
    vr = data_set.vr(tag)
    if vr == VR.SQ:
        return of_values(vr, [to_json(item) for item in data_set.items(tag)])
    is_little_endian = data_set.is_little_endian
    raw = data_set.raw(tag)
    return attribute(tag, vr, raw, data_set.charset, is_little_endian=is_little_endian)
