"""The durable-write protocol, shown by what reaches the operating system and in which order."""

import errno
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pacsd_store_fs.commit import MAX_TRIES, GroupCommit
from pacsd_store_fs.disk import Disk
from pacsd_store_fs.health import Health
from pacsd_store_fs.stage import FileStage, WaitingRoom
from pacsd_store_fs.workers import Workers

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import Location, StageRequest


class RecordingDisk(Disk):
    """The real calls, written down; `faults` fails the next call of a kind, as many as it says."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.calls: list[str] = []
        self.faults: dict[str, list[int]] = {}
        self.names: dict[int, str] = {}

    def create(self, path: Path) -> int:
        self._call("create", path)
        descriptor = super().create(path)
        self.names[descriptor] = path.name
        return descriptor

    def sync(self, descriptor: int) -> None:
        self._call("sync", Path(self.names[descriptor]))
        super().sync(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        self._call("rename", source, target)
        super().rename(source, target)

    def sync_directory(self, path: Path) -> None:
        self._call("sync_directory", path)
        super().sync_directory(path)

    def _call(self, kind: str, *paths: Path) -> None:
        names = [str(path).removeprefix(f"{self.root}/") for path in paths]
        self.calls.append(" ".join((kind, *names)))
        if self.faults.get(kind):
            number = self.faults[kind].pop(0)
            if number:
                raise OSError(number, "test", *paths)


class Bench:
    """A group commit over a recording disk."""

    def __init__(self, root: Path, flushers: ThreadPoolExecutor, *, sync: bool = True) -> None:
        self.root = root
        self.disk = RecordingDisk(root)
        self.health = Health()
        self.workers, self.waiting_room = Workers("write", 1), WaitingRoom()
        self.objects = root / "objects"
        self.disk.make_directories(self.objects)
        self.disk.make_directories(root / "stage")
        self.committing = GroupCommit(
            "test", self.objects, self.disk, self.health, flushers, sync=sync
        )
        self.staged_count = 0

    def stage(self, content: bytes = b"data", partition: int = 1) -> FileStage:
        self.staged_count += 1
        request = StageRequest(partition, b"", hashlib.sha256())
        path = self.root / "stage" / f"s{self.staged_count}"
        staged = FileStage(request, path, self.disk, self.health, self.workers, self.waiting_room)
        staged.write_out([content])
        return staged

    def commit(self, *stages: FileStage) -> list[Location | StoreError]:
        self.disk.calls.clear()
        return self.committing.commit(stages)

    def left(self) -> list[Path]:
        return list((self.root / "stage").iterdir())

    def stored(self) -> list[str]:
        return sorted(path.name for path in self.objects.rglob("*.dcm"))


@pytest.fixture
def flushers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


@pytest.fixture
def bench(tmp_path: Path, flushers: ThreadPoolExecutor) -> Bench:
    return Bench(tmp_path, flushers)


def faults(results: list[Location | StoreError]) -> list[StoreFault | None]:
    return [result.fault if isinstance(result, StoreError) else None for result in results]


def test_file_then_name_then_directory_and_at_first_the_way_to_it(bench: Bench) -> None:
    bench.commit(bench.stage())
    assert bench.disk.calls == [
        "sync s1",
        "rename stage/s1 objects/1/000/000/000/000.dcm",
        "sync_directory objects/1/000/000/000",
        "sync_directory objects/1/000/000",
        "sync_directory objects/1/000",
        "sync_directory objects/1",
        "sync_directory objects",
    ]


def test_a_known_directory_is_flushed_once_for_the_group(bench: Bench) -> None:
    bench.commit(bench.stage())
    bench.commit(bench.stage(), bench.stage())
    assert sorted(bench.disk.calls[:2]) == ["sync s2", "sync s3"]
    assert bench.disk.calls[2:] == [
        "rename stage/s2 objects/1/000/000/000/001.dcm",
        "rename stage/s3 objects/1/000/000/000/002.dcm",
        "sync_directory objects/1/000/000/000",
    ]


def test_relaxed_flushes_nothing(tmp_path: Path, flushers: ThreadPoolExecutor) -> None:
    bench = Bench(tmp_path, flushers, sync=False)
    [location] = bench.commit(bench.stage())
    assert isinstance(location, Location)
    assert bench.disk.calls == ["rename stage/s1 objects/1/000/000/000/000.dcm"]


def test_a_file_that_cannot_be_flushed_is_refused_alone_and_not_tried_again(bench: Bench) -> None:
    bench.disk.faults["sync"] = [errno.EIO]
    results = bench.commit(bench.stage(), bench.stage(), bench.stage())
    assert sorted(map(str, faults(results))) == ["None", "None", "input/output error"]
    assert sum(call.startswith("sync ") for call in bench.disk.calls) == 3
    assert sum(call.startswith("rename ") for call in bench.disk.calls) == 2
    assert bench.left() == []
    assert len(bench.stored()) == 2
    assert not bench.health.is_read_only


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        (errno.ENOSPC, StoreFault.NO_SPACE),
        (errno.EROFS, StoreFault.READ_ONLY),
        (errno.EIO, StoreFault.INPUT_OUTPUT),
    ],
)
def test_a_file_that_cannot_be_renamed_is_refused_alone(
    bench: Bench, number: int, fault: StoreFault
) -> None:
    bench.disk.faults["rename"] = [0, number]
    results = bench.commit(bench.stage(), bench.stage(), bench.stage())
    assert faults(results) == [None, fault, None]
    assert bench.left() == []
    assert bench.stored() == ["000.dcm", "002.dcm"]
    assert bench.health.explanation == ""


def test_a_directory_that_cannot_be_flushed_fails_its_group_and_is_left(bench: Bench) -> None:
    bench.commit(bench.stage())
    bench.disk.faults["sync_directory"] = [errno.EIO]
    results = bench.commit(bench.stage(), bench.stage())
    assert faults(results) == [StoreFault.INPUT_OUTPUT] * 2
    assert bench.stored() == ["000.dcm"]
    [location] = bench.commit(bench.stage())
    assert isinstance(location, Location)
    assert location.key == "1/000/000/001/000.dcm"


def test_the_way_to_a_directory_counts_as_the_directory(bench: Bench) -> None:
    bench.disk.faults["sync_directory"] = [0, 0, errno.EIO]
    assert faults(bench.commit(bench.stage())) == [StoreFault.INPUT_OUTPUT]
    assert bench.stored() == []
    [location] = bench.commit(bench.stage())
    assert isinstance(location, Location)
    assert bench.disk.calls[-1] == "sync_directory objects"


def test_one_directory_does_not_fail_another(bench: Bench) -> None:
    bench.commit(bench.stage(), bench.stage(partition=2))
    bench.disk.faults["sync_directory"] = [errno.EIO]
    results = bench.commit(bench.stage(), bench.stage(partition=2))
    assert faults(results) == [StoreFault.INPUT_OUTPUT, None]


def test_after_two_failed_flushes_nothing_more_is_taken(bench: Bench) -> None:
    third, staged = bench.stage(), bench.stage()
    bench.disk.faults["sync"] = [errno.EIO, errno.EIO]
    bench.commit(bench.stage())
    bench.commit(bench.stage())
    assert bench.health.is_read_only
    assert faults(bench.commit(third)) == [StoreFault.READ_ONLY]
    with pytest.raises(StoreError, match="read-only until restarted"):
        staged.write_out([b"more"])
    staged.discard()
    assert bench.left() == []
    assert bench.stored() == []


def test_a_group_goes_on_in_the_next_directory(bench: Bench) -> None:
    for _ in range(4095):
        bench.committing._numbers.take(1)
    results = bench.commit(bench.stage(), bench.stage())
    keys = [result.key for result in results if isinstance(result, Location)]
    assert keys == ["1/000/000/000/fff.dcm", "1/000/000/001/000.dcm"]
    assert "sync_directory objects/1/000/000/000" in bench.disk.calls
    assert "sync_directory objects/1/000/000/001" in bench.disk.calls


def test_modes(bench: Bench) -> None:
    bench.commit(bench.stage())
    made = [bench.objects, *bench.objects.rglob("*")]
    assert {path.stat().st_mode & 0o777 for path in made if path.is_dir()} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in made if path.is_file()} == {0o600}


def test_an_object_is_never_written_over(bench: Bench) -> None:
    bench.commit(bench.stage(b"first"))
    foreign = bench.objects / "1/000/000/000/001.dcm"
    foreign.write_bytes(b"somebody's")
    results = bench.commit(bench.stage(b"second"), bench.stage(b"third"))
    keys = [result.key for result in results if isinstance(result, Location)]
    assert keys == ["1/000/000/001/000.dcm", "1/000/000/001/001.dcm"]
    assert foreign.read_bytes() == b"somebody's"
    assert (bench.objects / keys[0]).read_bytes() == b"second"
    assert bench.left() == []
    assert "sync_directory objects/1/000/000/001" in bench.disk.calls


def test_names_taken_everywhere_are_a_fault(bench: Bench) -> None:
    bench.disk.faults["rename"] = [errno.EEXIST] * MAX_TRIES
    [result, kept] = bench.commit(bench.stage(), bench.stage())
    assert isinstance(result, StoreError)
    assert result.explanation == "rename: EEXIST"
    assert isinstance(kept, Location)
    assert kept.key == f"1/000/000/00{MAX_TRIES}/000.dcm"
    assert bench.left() == []
