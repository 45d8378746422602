"""Everything storable, sent by peers that write it anew: kept as it came over the wire."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from pacsd.dicom.part10 import FileMeta, encode_file_meta
from pacsd.dicom.uid import is_acceptable_uid
from pacsd.testing.daemon import running
from tests.dicom.written import known
from tests.interop.objects import (
    COLLECTION,
    Files,
    Part10,
    Store,
    at_home,
    storable_files,
    together,
)
from tests.interop.senders import AE_CONFIGURATION, Sender, dcmjs, dcmsend, storescu
from tests.interop.tap import Sent, Tap, tapped
from tests.interop.versions import KEPT, REFUSED, STATUS_OF, New, Versions, facts

Reason = TypeVar("Reason")

NO_STUDY = {
    "JLSL_08_07_0_1F.dcm", "JLSL_16_15_1_1F.dcm", "JPEGLSNearLossless_08.dcm",
    "JPEGLSNearLossless_16.dcm", "SC_rgb_jls_lossy_line.dcm", "SC_rgb_jls_lossy_sample.dcm",
}  # fmt: skip
HTJ2K = {"HTJ2KLossless_08_RGB.dcm", "HTJ2K_08_RGB.dcm"}
SYNTAX_UNKNOWN_TO_DCMTK = {*HTJ2K, *(f"at-home-{name}" for name in HTJ2K), "liver_deflate.dcm"}
"""In DCMTK 3.6.7: High-Throughput JPEG 2000, Deflated Image Frame Compression."""
AS_UN = {"explicit_VR-UN.dcm", "rtdose_rle.dcm", "rtdose_rle_1frame.dcm"}
"""Every element has VR UN, also the UIDs."""
WITHOUT_UIDS = {"chrSQEncoding.dcm", "chrSQEncoding1.dcm", "UN_sequence.dcm", "priv_SQ.dcm"}
UNREAD_BY_DCMTK = {
    "FreezePattern.dcm", "MR_truncated.dcm", "SC_rgb_jpeg.dcm", "rtplan_truncated.dcm",
    "emri_small_jpeg_2k_lossless_too_short.dcm",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Expected:
    """By reason, the files a sender does not send, and those that pacsd refuses from it.

    `unstored` are the Transfer Syntaxes of which therefore nothing is stored.
    """

    unsent: Mapping[str, set[str]]
    refused: Mapping[New, set[str]]
    unstored: set[str]


EXPECTED: dict[Sender, Expected] = {
    storescu: Expected(
        unsent={
            "missing SOP class (or instance)": WITHOUT_UIDS | AS_UN | UNREAD_BY_DCMTK,
            "Store Failed": SYNTAX_UNKNOWN_TO_DCMTK,
        },
        refused={New.HOMELESS: NO_STUDY, New.NAMELESS: {"bad_sequence.dcm"}},
        unstored={"HTJ2KLossless", "HTJ2K", "DeflatedImageFrameCompression"},
    ),
    dcmsend: Expected(
        unsent={"not sent": WITHOUT_UIDS | UNREAD_BY_DCMTK | SYNTAX_UNKNOWN_TO_DCMTK},
        refused={
            New.HOMELESS: NO_STUDY,
            New.NAMELESS: {"bad_sequence.dcm"},
            New.ELSEWHERE: AS_UN,
        },
        unstored={"HTJ2KLossless", "HTJ2K", "DeflatedImageFrameCompression"},
    ),
    dcmjs: Expected(
        unsent={
            "no SOP class or instance": WITHOUT_UIDS | {"FreezePattern.dcm", "SC_rgb_jpeg.dcm"},
            "Value exceeds max length": {
                "CT-MONO2-16-ankle", "ExplVR_BigEnd.dcm", "US-RGB-8-esopecho", "color-pl.dcm",
                "color-px.dcm",
            },
            "Script execution timed out after 3000ms": {
                "bad_sequence.dcm", "rtdose_rle.dcm", "rtdose_rle_1frame.dcm",
            },
        },
        refused={
            New.HOMELESS: NO_STUDY | HTJ2K,
            # It does not deflate.
            New.UNREADABLE: {"DeflatedExplicitVRLittleEndian.dcm", "image_dfl.dcm"},
        },
        unstored={"DeflatedExplicitVRLittleEndian"},
    ),
}  # fmt: skip


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    path = tmp_path / "pacsd.toml"
    path.write_text(AE_CONFIGURATION, encoding="utf-8")
    return path


@pytest.fixture
def before_pacsd(configuration: Path) -> Iterator[tuple[Tap, Store]]:
    with running("--http", "", "--config", str(configuration)) as daemon:
        with tapped(daemon.port) as tap:
            yield tap, Store(daemon)
        assert daemon.stop() == 0
        assert [line for line in daemon.lines if line.get("level") == "error"] == []


@pytest.mark.timeout(180)  # the sender is what takes long
@pytest.mark.filterwarnings("ignore::UserWarning")  # devices write such objects
@pytest.mark.parametrize("sender", EXPECTED, ids=lambda sender: sender.__name__)
def test_everything_is_kept_as_it_came(
    before_pacsd: tuple[Tap, Store], sender: Sender, tmp_path: Path
) -> None:
    tap, store = before_pacsd
    files = together(storable_files(), at_home(storable_files(), tmp_path))
    expected = EXPECTED[sender]
    outcome = sender(tap.port, files, tmp_path)
    assert outcome.refused == among(files, expected.unsent)
    came = tap.sent()
    assert [each.transfer_syntax_uid for each in outcome.sent] == [
        each.transfer_syntax_uid for each in came
    ]
    news, kept = judge(came, tmp_path)
    names = [each.path.name for each in outcome.sent]
    by_name = list(zip(names, news, strict=True))
    assert {(name, new) for name, new in by_name if new in REFUSED} == set(
        among(files, expected.refused).items()
    )
    assert [(name, each.status) for name, each in zip(names, came, strict=True)] == [
        (name, STATUS_OF[new]) for name, new in by_name
    ]
    stored = store.new()
    assert [facts(each)[:3] for each in stored] == [facts(each)[:3] for each in kept]
    differ = [a.path for a, b in zip(stored, kept, strict=True) if a.data_set != b.data_set]
    assert differ == []
    if COLLECTION.is_dir():
        unstored = set(files) - {each.transfer_syntax_uid for each in stored}
        assert {known(uid).keyword for uid in unstored} == expected.unstored


def among(files: Files, by_reason: Mapping[Reason, set[str]]) -> dict[str, Reason]:
    """Of each name that there is among the files, why."""
    there = {each.path.name for group in files.values() for each in group}
    return {name: why for why, names in by_reason.items() for name in names & there}


def judge(came: Sequence[Sent], folder: Path) -> tuple[list[New], list[Part10]]:
    """What each object is, and those that are to be kept."""
    versions = Versions()
    news: list[New] = []
    kept: list[Part10] = []
    for number, each in enumerate(came):
        if each.sop_class_uid != each.abstract_syntax:
            news.append(New.ELSEWHERE)
        elif not is_acceptable_uid(each.sop_instance_uid):
            news.append(New.NAMELESS)
        else:
            part10 = written(each, folder / f"{number:03}.dcm")
            news.append(versions.add(part10))
            if news[-1] in KEPT:
                kept.append(part10)
    return news, kept


def written(sent: Sent, path: Path) -> Part10:
    """What came over the wire as a file."""
    meta = FileMeta(sent.sop_class_uid, sent.sop_instance_uid, sent.transfer_syntax_uid, "1.2.3")
    path.write_bytes(encode_file_meta(meta) + sent.data_set)
    return Part10.read(path)
