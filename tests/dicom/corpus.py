"""The DICOM objects to read: of pydicom, of pydicom-data, of a collection beside a checkout."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import pydicom.data
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

from pacsd.dicom.inflate import inflate
from pacsd.dicom.part10 import decode_file_meta, has_preamble
from pacsd.dicom.registry import TransferSyntax, transfer_syntax

COLLECTION = Path(__file__).resolve().parents[3] / "shared" / "data"


@dataclass(frozen=True, slots=True)
class CorpusObject:
    """A file with File Meta Information; `data_set` as it stands there, `inflated` to be read."""

    path: Path
    syntax: TransferSyntax
    data_set: bytes
    inflated: bytes

    def as_pydicom_reads(self) -> Dataset:
        """The data set by pydicom, with its opinions on quality kept to itself."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return read_dataset(
                BytesIO(self.inflated), self.syntax.is_implicit_vr, self.syntax.is_little_endian
            )


def files() -> Iterator[Path]:
    """Every file of the folders; the same file may lie in more than one."""
    folders = [Path(pydicom.data.__file__).parent, COLLECTION]
    installed = find_spec("data_store")
    if installed is not None and installed.submodule_search_locations:
        folders.append(Path(installed.submodule_search_locations[0]))
    for folder in folders:
        yield from (path for path in sorted(folder.rglob("*")) if path.is_file())


@cache
def objects() -> tuple[CorpusObject, ...]:
    """What of the files is DICOM, once each."""
    found: dict[bytes, CorpusObject] = {}
    for path in files():
        data = path.read_bytes()
        if has_preamble(data) and len(data) > 132 and data not in found:
            meta, offset = decode_file_meta(data)
            syntax = transfer_syntax(meta.transfer_syntax_uid)
            if syntax is not None:
                data_set = data[offset:]
                inflated = inflate(data_set)[0] if syntax.is_deflated else data_set
                found[data] = CorpusObject(path, syntax, data_set, inflated)
    return tuple(found.values())
