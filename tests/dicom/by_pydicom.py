"""Data sets written and read by pydicom: the other implementation."""

import warnings
from io import BytesIO

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset

from pacsd.dicom.registry import TransferSyntax
from tests.dicom.written import BIG, EXPLICIT, IMPLICIT

UNCOMPRESSED = (IMPLICIT, EXPLICIT, BIG)


def encoded(data_set: Dataset, syntax: TransferSyntax = IMPLICIT) -> bytes:
    """The bytes of a data set."""
    buffer = DicomBytesIO()
    buffer.is_little_endian = syntax.is_little_endian
    buffer.is_implicit_VR = syntax.is_implicit_vr
    write_dataset(buffer, data_set, parent_encoding="iso8859")
    return bytes(buffer.getvalue())


def decoded(data: bytes, syntax: TransferSyntax = IMPLICIT) -> Dataset:
    """The data set of these bytes, text decoded."""
    found = read_dataset(BytesIO(data), syntax.is_implicit_vr, syntax.is_little_endian)
    found.decode()
    return found


def keys(**values: object) -> Dataset:
    """A data set of these attributes."""
    made = Dataset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what no key may say is asked for, too
        for keyword, value in values.items():
            setattr(made, keyword, value)
    return made
