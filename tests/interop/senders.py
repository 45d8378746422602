"""Peers that send files by C-STORE: which went out, and which they would not send."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pacsd.dicom.registry import EXPLICIT_VR_BIG_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from tests.dicom.written import known
from tests.interop import peers
from tests.interop.objects import Files, Part10

AE_CONFIGURATION = """
[[ae]]
title = "PACSD"

[[ae]]
title = "IMPLICIT"
transfer_syntaxes = ["ImplicitVRLittleEndian"]

[[ae]]
title = "BIG"
transfer_syntaxes = ["ExplicitVRBigEndian"]
"""
"""Senders propose a choice of uncompressed syntaxes: by whom they call, one is left of it."""

_AE_OF = {IMPLICIT_VR_LITTLE_ENDIAN: "IMPLICIT", EXPLICIT_VR_BIG_ENDIAN: "BIG"}

_STORESCU_PROPOSES = {
    "ImplicitVRLittleEndian": "--propose-implicit",
    "ExplicitVRLittleEndian": "--propose-little",
    "ExplicitVRBigEndian": "--propose-big",
    "DeflatedExplicitVRLittleEndian": "--propose-deflated",
    "JPEGBaseline8Bit": "--propose-jpeg8",
    "JPEGExtended12Bit": "--propose-jpeg12",
    "JPEGLosslessSV1": "--propose-lossless",
    "JPEGLSLossless": "--propose-jls-lossless",
    "JPEGLSNearLossless": "--propose-jls-lossy",
    "JPEG2000Lossless": "--propose-j2k-lossless",
    "JPEG2000": "--propose-j2k-lossy",
    "RLELossless": "--propose-rle",
}
_STORESCU_REFUSES = (
    re.compile(
        r"^W: (missing SOP class \(or instance\)) in file: (.+), ignoring file$", re.MULTILINE
    ),
    re.compile(r"^E: (Store Failed), file: (.+):$", re.MULTILINE),
)
_DCMSEND_REPORTS = re.compile(r"^Filename +: (.+)$(?s:.+?)^DIMSE Status +: (.+)$", re.MULTILINE)
_NOT_SENT = "<not sent>"
_DCMJS_FILES = 50
"""How many a process is given: it takes its time, and is not waited for without end."""
_DCMJS_STORE = peers.ROOT / "contrib" / "peers" / "dcmjs_store.js"


@dataclass(slots=True)
class Outcome:
    """The files that went out, in their order, and by name why the others did not."""

    sent: list[Part10] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    def add(self, files: Iterable[Part10], refused: Mapping[str, str]) -> None:
        """Note what happened to `files`; `refused` names those not sent by path."""
        for each in files:
            if str(each.path) in refused:
                self.refused[each.path.name] = refused[str(each.path)]
            else:
                self.sent.append(each)


Sender = Callable[[int, Files, Path], Outcome]
"""Sends to a port of ours; may write into a folder."""


def storescu(port: int, files: Files, _folder: Path) -> Outcome:
    """DCMTK's storescu: an association for each Transfer Syntax."""
    outcome = Outcome()
    for uid, group in files.items():
        options = ["--verbose", "--required", "--no-halt", "-aec", _AE_OF.get(uid, "PACSD")]
        if known(uid).keyword in _STORESCU_PROPOSES:
            options.append(_STORESCU_PROPOSES[known(uid).keyword])
        paths = [each.path for each in group]
        said = peers.run(peers.program("storescu"), *options, peers.LOOPBACK, port, *paths)
        found = [match for pattern in _STORESCU_REFUSES for match in pattern.findall(said)]
        outcome.add(group, {path: why for why, path in found})
    return outcome


def dcmsend(port: int, files: Files, folder: Path) -> Outcome:
    """DCMTK's dcmsend: an association for each AE title, with a context for what each file has."""
    outcome = Outcome()
    report = folder / "report.txt"
    for called in ("PACSD", *_AE_OF.values()):
        syntaxes = [uid for uid in files if _AE_OF.get(uid, "PACSD") == called]
        paths = {str(each.path): each for uid in syntaxes for each in files[uid]}
        if not paths:
            continue
        report.unlink(missing_ok=True)
        options = ["--no-halt", "--no-uid-checks", "-aec", called, "--create-report-file", report]
        peers.run(peers.program("dcmsend"), *options, peers.LOOPBACK, port, *paths)
        reported = dict(_DCMSEND_REPORTS.findall(report.read_text(encoding="utf-8")))
        refused = {path: "not sent" for path, said in reported.items() if said == _NOT_SENT}
        outcome.add([paths[path] for path in reported], refused)
    return outcome


def dcmjs(port: int, files: Files, _folder: Path) -> Outcome:
    """dcmjs-dimse: an association for each file."""
    outcome = Outcome()
    chunks = [
        (uid, group[start : start + _DCMJS_FILES])
        for uid, group in files.items()
        for start in range(0, len(group), _DCMJS_FILES)
    ]
    for uid, group in chunks:
        paths = [each.path for each in group]
        command = peers.dcmjs_script(_DCMJS_STORE, peers.LOOPBACK, port, _AE_OF.get(uid, "PACSD"))
        lines = peers.run(*command, *paths).splitlines()
        said = [json.loads(line) for line in lines if line.startswith('{"file":')]
        assert [each["file"] for each in said] == [str(path) for path in paths]
        refused = {each["file"]: each["error"] for each in said if "error" in each}
        outcome.add(group, {path: why.partition(",")[0] for path, why in refused.items()})
    return outcome
