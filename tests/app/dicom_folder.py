"""Folders with DICOM files, written as a test needs them."""

from pathlib import Path

from pacsd.dicom.part10 import FileMeta, encode_file_meta
from pacsd.dicom.registry import TransferSyntax
from tests.dicom.written import EXPLICIT, deflate, element

CT = "1.2.840.10008.5.1.4.1.1.2"
JPEG = "1.2.840.10008.1.2.4.50"


def data_set(uid: str, syntax: TransferSyntax = EXPLICIT, sop_class_uid: str = CT) -> bytes:
    """Its two UIDs and a few pixels."""
    padded = [each.encode() + b"\0" * (len(each) % 2) for each in (sop_class_uid, uid)]
    data = element(0x00080016, "UI", padded[0], syntax)
    data += element(0x00080018, "UI", padded[1], syntax)
    data += element(0x7FE00010, "OW", bytes(100), syntax)
    return deflate(data) if syntax.is_deflated else data


def meta(uid: str = "1.2.3", syntax_uid: str = EXPLICIT.uid, sop_class_uid: str = CT) -> FileMeta:
    return FileMeta(sop_class_uid, uid, syntax_uid, "1.2.3.4")


def write(
    path: Path, data: bytes | None = None, uid: str = "1.2.3", syntax_uid: str = EXPLICIT.uid
) -> Path:
    """A DICOM file; by default with a data set of this UID."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = data_set(uid) if data is None else data
    path.write_bytes(encode_file_meta(meta(uid, syntax_uid)) + data)
    return path
