"""DICOM files to send, and what pacsd stored of them."""

import stat
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info, read_preamble

from pacsd.dicom.registry import Service, sop_class, transfer_syntaxes
from pacsd.testing.daemon import Running
from tests.interop.peers import ROOT

# A collection of test objects that may lie beside a checkout.
COLLECTION = ROOT.parent / "shared" / "data"
OF_PYDICOM = (
    "CT_small.dcm",
    "MR_small.dcm",
    "MR_small_implicit.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_RLE.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
    "JPEG2000.dcm",
    "image_dfl.dcm",
    "rtplan.dcm",
    "test-SR.dcm",
)


@dataclass(frozen=True, slots=True)
class Part10:
    """A DICOM file: its File Meta Information by keyword, and the bytes of its data set."""

    path: Path
    meta: Mapping[str, str]
    data_set: bytes

    @classmethod
    def read(cls, path: Path) -> "Part10":
        """Read a file; InvalidDicomError if it is none."""
        meta: Any = read_file_meta_info(path)
        with path.open("rb") as file:
            read_preamble(file, force=False)
            length_element = file.read(12)
            group_bytes = int.from_bytes(length_element[8:], "little")
            file.seek(132 + 12 + group_bytes)
            data_set = file.read()
        if length_element[:4] != b"\2\0\0\0":
            raise InvalidDicomError(f"{path}: no group length")
        return cls(path, {each.keyword: str(each.value) for each in meta}, data_set)

    @property
    def sop_class_uid(self) -> str:
        return self.meta.get("MediaStorageSOPClassUID", "")

    @property
    def sop_instance_uid(self) -> str:
        return self.meta.get("MediaStorageSOPInstanceUID", "")

    @property
    def transfer_syntax_uid(self) -> str:
        return self.meta.get("TransferSyntaxUID", "")


Files: TypeAlias = Mapping[str, tuple[Part10, ...]]
"""By Transfer Syntax."""


@cache
def storable_files() -> Files:
    """All files that a C-STORE can carry."""
    known = {syntax.uid for syntax in transfer_syntaxes()}
    files: dict[str, list[Part10]] = defaultdict(list)
    for path in _candidates():
        try:
            part10 = Part10.read(path)
        except (InvalidDicomError, EOFError, ValueError):
            continue
        found = sop_class(part10.sop_class_uid)
        is_storable = found is not None and found.service is Service.STORAGE
        if is_storable and part10.sop_instance_uid and part10.transfer_syntax_uid in known:
            files[part10.transfer_syntax_uid].append(part10)
    return {uid: tuple(found) for uid, found in files.items()}


def at_home(files: Files, folder: Path) -> Files:
    """Those of no study, given one: of some Transfer Syntaxes the collection has no others."""
    given: dict[str, tuple[Part10, ...]] = {}
    for number, syntax in enumerate(files):
        copies: list[Part10] = []
        for each in files[syntax]:
            ds = dcmread(each.path)
            if "SOPInstanceUID" not in ds or "StudyInstanceUID" in ds:
                continue
            ds.SOPInstanceUID = f"2.25.{number}.{len(copies)}"
            ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
            ds.StudyInstanceUID, ds.SeriesInstanceUID = "2.25.1", "2.25.1.1"
            path = folder / f"at-home-{each.path.name}"
            ds.save_as(path)
            copies.append(Part10.read(path))
        if copies:
            given[syntax] = tuple(copies)
    return given


def together(*all_files: Files) -> Files:
    """All of them, by Transfer Syntax."""
    joined: dict[str, tuple[Part10, ...]] = {}
    for files in all_files:
        for syntax, found in files.items():
            joined[syntax] = (*joined.get(syntax, ()), *found)
    return joined


def ct_small() -> Part10:
    """One small CT image."""
    return Part10.read(Path(str(get_testdata_file("CT_small.dcm"))))


class Store:
    """What one daemon has stored, looked at from outside."""

    def __init__(self, daemon: Running) -> None:
        self.port = daemon.port
        self._root = daemon.data_dir / "store"
        self._seen = len(self._paths())

    def new(self) -> list[Part10]:
        """The objects stored since the last look, in their order; each file is as it should be."""
        fresh = self._paths()[self._seen :]
        self._seen += len(fresh)
        return self._look_at(fresh)

    def all(self) -> list[Part10]:
        """All that is stored."""
        return self._look_at(self._paths())

    def _look_at(self, fresh: list[Path]) -> list[Part10]:
        assert not [*(self._root / "stage").iterdir()]
        assert {stat.S_IMODE(path.stat().st_mode) for path in fresh} <= {0o600}
        return [Part10.read(path) for path in fresh]

    def _paths(self) -> list[Path]:
        return sorted((self._root / "objects").rglob("*.dcm"))


def _candidates() -> Iterator[Path]:
    if COLLECTION.is_dir():
        yield from sorted(path for path in COLLECTION.rglob("*") if path.is_file())
    else:
        yield from (Path(str(get_testdata_file(name))) for name in OF_PYDICOM)
