"""Whether storing stays as fast as it was while the archive grows.

    .venv/bin/python -m contrib.bench.flatness index --objects 10000000
    .venv/bin/python -m contrib.bench.flatness ingest --objects 1000000

`index` adds synthetic instances to an index alone, in groups of 64; `ingest` stores objects of 2 KB
through ingest into a file store and an index, sixteen senders at once. Everything is flushed. Run
it in a memory cgroup to bound the page cache. Each line is a twentieth: rates and CPU time, and how
they compare to the second one, in which everything is warm.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable, Coroutine
from itertools import count, islice
from pathlib import Path

import anyio
from pacsd_store_fs.disk import Disk
from pacsd_store_fs.root import open_root
from pacsd_store_fs.store import FileStore

from contrib.bench.index_growth import now_us, synthetic
from pacsd.api.reception import Reception
from pacsd.archive.ingest import Ingest, InstanceRequest
from pacsd.index.index import open_index
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set

GROUP = 64
SENDERS = 16
PARTS = 20
EXPLICIT = "1.2.840.10008.1.2.1"

StoreMany = Callable[[int], Coroutine[None, None, None]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["index", "ingest"])
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path.cwd())
    chosen = parser.parse_args()
    measure = {"index": into_index, "ingest": through_ingest}[chosen.what]
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        asyncio.run(measure(Path(folder), chosen.objects))


async def into_index(folder: Path, objects: int) -> None:
    """Groups of rows, one after the other, as one committer adds them."""
    rows = synthetic(objects, has_random=False)
    async with open_index(folder, now_us=now_us) as index:

        async def store(many: int) -> None:
            left = islice(rows, many)
            while group := list(islice(left, GROUP)):
                await index.add(group)

        await _by_parts(objects, store)


async def through_ingest(folder: Path, objects: int) -> None:
    """Objects of 2 KB, as if they came over associations."""
    store = FileStore("store_fs", open_root(folder / "store", folder / "marker", Disk()))
    numbers = count(1)
    async with open_index(folder, now_us=now_us) as index, anyio.create_task_group() as tasks:
        ingest, started = Ingest(store, index, now_us=now_us), anyio.Event()
        tasks.start_soon(ingest.run, started.set)
        await started.wait()

        async def send(many: int) -> None:
            for _ in range(many):
                await _store_one(ingest, next(numbers))

        async def send_all(many: int) -> None:
            async with anyio.create_task_group() as senders:
                for _ in range(SENDERS):
                    senders.start_soon(send, many // SENDERS)

        await _by_parts(objects, send_all)
        tasks.cancel_scope.cancel()
    await store.close()


async def _store_one(ingest: Ingest, number: int) -> None:
    series = number // 200
    uid = f"1.2.826.0.1.{series}.{number}"
    reception = Reception(1, "CT1", "PACSD", "192.0.2.7", now_us(), "dimse")
    intake = ingest.begin(InstanceRequest(CT_IMAGE_STORAGE, uid, EXPLICIT, reception))
    values = {
        "SOPInstanceUID": uid,
        "StudyInstanceUID": f"1.2.826.0.1.{series // 4}",
        "SeriesInstanceUID": f"1.2.826.0.1.{series // 4}.{series}",
        "PatientID": f"P{series // 8}",
    }
    intake.write(data_set(values, pixel_bytes=1_600))
    outcome = await intake.finish()
    if outcome.status != 0:
        raise RuntimeError(f"{uid}: {outcome.status:04X} {outcome.comment}")


async def _by_parts(objects: int, store: StoreMany) -> None:
    """Store a twentieth at a time and tell how long it took."""
    many = objects // PARTS
    base: tuple[float, float] | None = None
    for part in range(1, PARTS + 1):
        begun, cpu = time.monotonic(), time.process_time()
        await store(many)
        rate = many / (time.monotonic() - begun)
        cpu_us = (time.process_time() - cpu) / many * 1e6
        base = (rate, cpu_us) if part == 2 else base  # noqa: PLR2004
        line = f"{part * many:>10,}  {rate:7.0f} /s  {cpu_us:7.0f} us of CPU"
        if base is not None:
            line += f"  x{rate / base[0]:.2f}  x{cpu_us / base[1]:.2f}"
        print(line, flush=True)


if __name__ == "__main__":
    main()
