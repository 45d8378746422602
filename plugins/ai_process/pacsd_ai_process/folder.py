"""The folder of a run: what a program is given, where it writes, and what it has left.

    input/SERIES/INSTANCE.dcm    the files of the inputs, read-only
    work.json                    which model is wanted, and what the inputs are
    output/, scratch/            for the program; what is in output stays for a while
    program.log                  what it said

Files are linked where the store has them on the same file system, and copied otherwise. All of this
blocks: call it in a thread.
"""

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import orjson

from pacsd.api.ai import AiFindings
from pacsd.api.ai_runner import AiWork
from pacsd.api.instances import InstanceFacts
from pacsd.dicom.uid import is_acceptable_uid
from pacsd_ai_process.result import read_result

LOG_BYTES = 64 * 1024
"""Of what it says; the rest is lost."""
_MODE = 0o700


class TooMuch(ValueError):
    """A program has left more than it may."""


class RunFolder:
    """That of one attempt; its name says nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.output = self.path / "output"
        self.log = self.path / "program.log"

    def make(self, work: AiWork) -> None:
        """Make it, with nothing in it but what the work is."""
        self.path.mkdir(_MODE, parents=True)
        for name in ("input", "output", "scratch"):
            (self.path / name).mkdir(_MODE)
        told = {
            "model": work.model,
            "version": work.version,
            "parameters": work.parameters,
            "event_id": work.event_id,
            "attempt": work.attempt,
            "deadline_s": work.deadline_s,
            "study_instance_uid": work.subject.event.study_instance_uid,
            "inputs": [asdict(each) for each in work.inputs],
        }
        (self.path / "work.json").write_bytes(orjson.dumps(told))

    def bring(self, facts: InstanceFacts, file: BinaryIO, *, may_link: bool) -> None:
        """Have a file among the inputs.

        Raises:
            ValueError: its UIDs cannot be names of files.
            OSError: it cannot be linked or copied.
        """
        uids = facts.series_instance_uid, facts.sop_instance_uid
        if not all(map(is_acceptable_uid, uids)):
            raise ValueError("an instance has UIDs that no file can be named by")
        series = self.path / "input" / uids[0]
        series.mkdir(_MODE, exist_ok=True)
        target = series / f"{uids[1]}.dcm"
        if may_link:
            try:
                # Only with a descriptor, be it any, is the link followed (linkat(2)).
                name = f"/proc/self/fd/{file.fileno()}"
                os.link(name, target, src_dir_fd=file.fileno(), follow_symlinks=True)
            except OSError:
                pass  # it lies elsewhere, or has no name any more
            else:
                return
        file.seek(0)
        with target.open("xb") as copy:
            shutil.copyfileobj(file, copy)

    def found(self, most_bytes: int) -> AiFindings | None:
        """What the program has found.

        Raises:
            BadResult: its result cannot be used.
            TooMuch: it left more than so many bytes.
            OSError: what it left cannot be read.
        """
        size_bytes = sum(_sizes(self.output))
        if size_bytes > most_bytes:
            raise TooMuch(f"it left {size_bytes} bytes in output, {most_bytes} are the most")
        return read_result(self.output / "result.json", self.output)

    def empty(self, *, with_output: bool) -> None:
        """Remove what nobody needs afterwards: patients' files above all.

        Of a failed run the output, too: there may be many such, and nobody reads theirs.
        """
        for name in ("input", "scratch", *(["output"] if with_output else [])):
            shutil.rmtree(self.path / name, ignore_errors=True)


class RunFolders:
    """All of them, below `root`; each is kept for `keep_s` after it was begun."""

    def __init__(self, root: Path, keep_s: float) -> None:
        self._root = root
        self._keep_s = keep_s

    def new(self, work: AiWork) -> RunFolder:
        """One more; old ones go first."""
        self._remove_old()
        folder = RunFolder(self._root.resolve() / uuid4().hex)
        folder.make(work)
        return folder

    def _remove_old(self) -> None:
        oldest_s = time.time() - self._keep_s
        for each in self._root.iterdir() if self._root.is_dir() else ():
            if each.lstat().st_mtime < oldest_s:
                shutil.rmtree(each, ignore_errors=True)


def _sizes(folder: Path) -> Iterator[int]:
    for parent, folders, names in os.walk(folder):
        for name in (*folders, *names):
            yield (Path(parent) / name).lstat().st_size
