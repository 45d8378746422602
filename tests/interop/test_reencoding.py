"""DCMTK's second opinion on re-encoding: what dcmconv makes of it is what it makes of the original.

Unlike pydicom it knows the byte order of words, and UN in Big Endian (PS3.5 section 6.2.2).
"""

from pathlib import Path

import pytest

from pacsd.dicom.part10 import FileMeta, decode_file_meta, encode_file_meta
from pacsd.dicom.reencode import REENCODABLE
from pacsd.dicom.registry import TransferSyntax
from tests.dicom.as_pydicom_reads import lines
from tests.dicom.corpus import CorpusObject, objects
from tests.dicom.test_reencode import BROKEN, native, reencode
from tests.dicom.written import EXPLICIT, known
from tests.interop import peers

# DCMTK 3.6.7 cannot read these as they are.
UNREADABLE = {"FreezePattern.dcm"}


def by_dcmconv(path: Path, data: bytes, syntax: TransferSyntax) -> object:
    """The values, when DCMTK has written them in Explicit VR Little Endian."""
    meta = FileMeta("1.2.3", "1.2.3.4", syntax.uid, "1.2.3.5")
    path.write_bytes(encode_file_meta(meta) + data)
    converted = path.with_suffix(".converted")
    peers.run(peers.program("dcmconv"), "--write-xfer-little", path, converted)
    written = converted.read_bytes()
    read = lines(written[decode_file_meta(written)[1] :], EXPLICIT)
    return [(where, value) for where, _, value in read]


def readable() -> list[CorpusObject]:
    """One of each size and encoding is enough: a process is started for each."""
    once = {
        (each.syntax.uid, len(each.data_set) // 1000): each
        for each in native()
        if each.path.name not in BROKEN | UNREADABLE
    }
    return list(once.values())


def test_there_are_some() -> None:
    assert len(readable()) > 10
    assert len(objects()) >= len(readable())


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "target", [known(uid) for uid in REENCODABLE], ids=lambda each: each.keyword
)
def test_dcmconv_reads_the_same(
    target: TransferSyntax, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    for each in readable():
        if each.syntax.uid == target.uid:
            continue
        with subtests.test(path=each.path.name, syntax=each.syntax.keyword):
            ours = reencode(each.data_set, each.syntax, target)
            original = by_dcmconv(tmp_path / "original", each.data_set, each.syntax)
            assert by_dcmconv(tmp_path / "ours", ours, target) == original
