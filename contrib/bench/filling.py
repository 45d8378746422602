"""A cohort's way into the servers that are to be searched."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from contrib.bench import drive, servers
from contrib.bench.archives import NotFilled
from contrib.bench.cohort import SERIES, Cohort
from contrib.bench.servers import Peer, Server
from contrib.bench.settling import settle

ASSOCIATIONS = 4
TIMEOUT_S = 60.0

_PART = 8
_INDEX = Path("database", "index.dat")
# DCMTK 3.6.7: a magic number and 500 studies, then a record for each image.
_HEADER_BYTES = 44_006
_RECORD_BYTES = 8_032


def fill(peer: Peer, cohort: Cohort, folder: Path) -> None:
    """Put a cohort into a server's directory.

    Raises:
        NotFilled: the server did not take all of it.
    """
    if peer.program == "dcmqrscp":
        _fill_dcmqrscp(peer, cohort, folder)
    else:
        _fill_any(peer, cohort, folder)


def _fill_any(peer: Peer, cohort: Cohort, folder: Path) -> None:
    """C-STORE it over several associations."""
    share = -(-cohort.studies // ASSOCIATIONS)
    parts = [
        range(first, min(first + share, cohort.studies))
        for first in range(0, cohort.studies, share)
    ]
    with servers.running(peer, folder) as server, ThreadPoolExecutor(len(parts)) as pool:
        for _ in pool.map(lambda part: _store(server, cohort, part), parts):
            pass
        settle(server)


def _fill_dcmqrscp(peer: Peer, cohort: Cohort, folder: Path) -> None:
    """C-STORE a few studies at a time, each into an index of its own; then join these.

    For each object that dcmqrscp takes it reads all of its index: one after the other 20,000 would
    take an hour. On several associations at once it fails.
    """
    index = bytearray()
    for first in range(0, cohort.studies, _PART):
        studies = range(first, min(first + _PART, cohort.studies))
        with servers.running(peer, folder) as server:
            _store(server, cohort, studies)
        part = (folder / _INDEX).read_bytes()
        if len(part) != _HEADER_BYTES + len(studies) * SERIES * cohort.images * _RECORD_BYTES:
            raise NotFilled(f"{peer.name}: {len(part)} bytes of index, not as DCMTK 3.6.7 has it")
        index += part[_HEADER_BYTES if index else 0 :]
        (folder / _INDEX).unlink()
    (folder / _INDEX).write_bytes(index)


def _store(server: Server, cohort: Cohort, studies: range) -> None:
    report = drive.run(
        "fill",
        server.port,
        cohort=str(cohort),
        first=studies.start,
        end=studies.stop,
        timeout_s=TIMEOUT_S,
    )
    if report is None:
        raise NotFilled(f"studies {studies.start} to {studies.stop - 1} were not stored")
