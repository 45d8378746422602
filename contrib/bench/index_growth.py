"""What the index costs: CPU time and bytes for each instance, index and header database together.

    .venv/bin/python -m contrib.bench.index_growth [instances] [--random-uids] [--group 16]

Synthetic CT series of 200 instances with headers of 2 KB, added in groups through the same calls
as ingest makes, files on disk, synchronous=FULL. UIDs rise as scanners make them, or are random.
"""

import argparse
import asyncio
import hashlib
import random
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import mean, quantiles

from pacsd.api.reception import Reception
from pacsd.index.bell import Bells
from pacsd.index.desks import DeskFacts, IndexFiles, WriterDesk
from pacsd.index.index import HEADERS_FILE, INDEX_FILE, METADATA_FILE, open_index
from pacsd.index.ingest import add
from pacsd.index.quarantining import QuarantineBounds
from pacsd.index.records import NewCopy, NewInstance
from pacsd.index.sqlite import Durability, SqliteFile

PER_SERIES = 200
SERIES_PER_STUDY = 4
_ROOT = "1.2.840.113619.2.55.3.604688119.868"
_FILLERS = random.Random(7)
_FIXED = [
    ((0x0008 + 2 * number).to_bytes(2, "little") + (number * 7).to_bytes(2, "little"),
     bytes(_FILLERS.randrange(65, 90) for _ in range(2 * _FILLERS.randint(3, 18))))
    for number in range(70)
]  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("instances", nargs="?", type=int, default=50_000)
    parser.add_argument("--random-uids", action="store_true")
    parser.add_argument("--group", type=int, default=16)
    chosen = parser.parse_args()
    brought = list(groups(chosen.instances, chosen.group, has_random=chosen.random_uids))
    print(f"{chosen.instances} instances in groups of {chosen.group}, {chosen.random_uids=}")
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        at_the_desk(Path(folder), brought)
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        asyncio.run(through_the_index(Path(folder), brought))
        tell_growth(Path(folder), chosen.instances)


def at_the_desk(folder: Path, brought: list[list[NewInstance]]) -> None:
    """CPU time of the writer's thread alone: the transaction, and what follows the answer."""
    files = IndexFiles(
        SqliteFile(folder / INDEX_FILE),
        SqliteFile(folder / HEADERS_FILE, Durability.RELAXED),
        SqliteFile(folder / METADATA_FILE, Durability.RELAXED),
    )
    desk = WriterDesk(files, now_us, DeskFacts(), Bells())
    transactions, rest = [], []
    for group in brought:
        begun = time.thread_time()
        desk.perform(partial(add, group=group, bounds=QuarantineBounds()))
        answered = time.thread_time()
        desk.tend()
        transactions.append((answered - begun) / len(group) * 1e6)
        rest.append((time.thread_time() - answered) / len(group) * 1e6)
    desk.close()
    for name, costs in (("transaction", transactions), ("headers, WAL", rest)):
        tenth, *_, median = quantiles(costs, n=10)[:5]
        print(
            f"{name:12} {mean(costs):6.1f} us of CPU, median {median:.1f}, best tenth {tenth:.1f}"
        )


async def through_the_index(folder: Path, brought: list[list[NewInstance]]) -> None:
    """CPU time of the whole process, one group after the other, as one committer does it."""
    async with open_index(folder, now_us=now_us) as index:
        begun, cpu = time.monotonic(), time.process_time()
        for group in brought:
            await index.add(group)
        elapsed, cpu = time.monotonic() - begun, time.process_time() - cpu
        wal_bytes = index.health().wal_bytes
    instances = sum(map(len, brought))
    print(f"{'all threads':12} {cpu / instances * 1e6:6.1f} us of CPU")
    print(
        f"{'rate':12} {instances / elapsed:6.0f} instances a second, WAL {wal_bytes / 1e6:.1f} MB"
    )


def tell_growth(folder: Path, instances: int) -> None:
    """Bytes of the files, once they are closed."""
    sizes = {
        name: (folder / name).stat().st_size / instances for name in (INDEX_FILE, HEADERS_FILE)
    }
    each = ", ".join(f"{name} {size:.1f}" for name, size in sizes.items())
    print(f"{'growth':12} {sum(sizes.values()):6.1f} bytes an instance ({each})")


def groups(instances: int, group: int, *, has_random: bool) -> Iterator[list[NewInstance]]:
    """The instances as they come."""
    left = synthetic(instances, has_random=has_random)
    while each := list(islice(left, group)):
        yield each


def synthetic(instances: int, *, has_random: bool) -> Iterator[NewInstance]:
    """CT instances, series after series."""
    chance = random.Random(1)
    for number in range(instances):
        series, position = divmod(number, PER_SERIES)
        study = series // SERIES_PER_STUDY
        study_uid, series_uid = f"{_ROOT}.{study}", f"{_ROOT}.{study}.{series}"
        uid = f"2.25.{chance.getrandbits(122)}" if has_random else f"{series_uid}.{position:06d}"
        seconds = f"1012{number % 60:02d}.{number * 97_531 % 1_000_000:06d}"
        yield NewInstance(
            reception=Reception(1, "CT_SCANNER_1", "PACSD", "192.168.1.17", now_us(), "dimse"),
            sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
            sop_instance_uid=uid,
            transfer_syntax_uid="1.2.840.10008.1.2.1",
            study_instance_uid=study_uid,
            series_instance_uid=series_uid,
            patient_id=f"PID{study:07d}",
            issuer_of_patient_id="HOSPITAL",
            attributes=attributes(study, series, position, seconds),
            copy=NewCopy(
                "store_fs",
                f"1/000/{number >> 24:03x}/{number >> 12 & 0xFFF:03x}/{number & 0xFFF:03x}.dcm",
                531_000,
                530_412,
                hashlib.sha256(uid.encode()).digest(),
            ),
            header=header(uid, position, seconds),
        )


def attributes(study: int, series: int, position: int, seconds: str) -> dict[int, str]:
    """What ingest finds in a CT."""
    return {
        0x00100010: f"Doe^John{study}",
        0x00100030: "19600102",
        0x00100040: "M",
        0x00080020: "20240102",
        0x00080030: "101112",
        0x00080050: f"ACC{study:08d}",
        0x00081030: "CT Abdomen and pelvis",
        0x00080090: "Referring^Physician",
        0x00200010: f"{study}",
        0x00080060: "CT",
        0x0008103E: "Axial 5 mm",
        0x00200011: f"{series % SERIES_PER_STUDY + 1}",
        0x00080070: "MANUFACTURER",
        0x00080023: "20240102",
        0x00080033: seconds,
        0x00200012: "3",
        0x00200013: f"{position + 1}",
        0x00280010: "512",
        0x00280011: "512",
        0x00280100: "16",
    }


def header(uid: str, position: int, seconds: str) -> bytes:
    """A header of 2 KB of which a few values differ within a series."""
    own = (uid, f"{position}", f"-125\\-125\\{100 - position * 0.625:.4f}", seconds, seconds)
    values = [*_FIXED, *((b"own", value.encode()) for value in own)]
    return b"".join(tag + b"LO" + len(value).to_bytes(2, "little") + value for tag, value in values)


def now_us() -> int:
    """The time, in UTC microseconds."""
    return time.time_ns() // 1_000


if __name__ == "__main__":
    main()
