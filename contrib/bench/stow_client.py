"""STOW-RS as the client of the measures does it, over one connection."""

import time
from collections.abc import Iterable

from contrib.bench import slices
from contrib.bench.http_wire import Web, succeeded
from contrib.bench.wire import Report

_TYPE = 'multipart/related; type="application/dicom"; boundary=bench'
_HEAD = b"--bench\r\nContent-Type: application/dicom\r\n\r\n"
_TAIL = b"\r\n"
_END = b"--bench--\r\n"


def run_slices(
    port: int, timeout_s: float, root: str, objects: int, rows: int, together: int
) -> Report:
    """A CT of so many slices, some in each request; all are made before the clock starts."""
    made = [slices.slice_file(number, rows) for number in range(objects)]
    requests = [made[at : at + together] for at in range(0, objects, together)]
    return _store(port, timeout_s, root, [list(_pieces(files)) for files in requests])


def run_large(port: int, timeout_s: float, root: str, frames: int) -> Report:
    """One file of so many frames."""
    pieces = [_HEAD, *slices.large_file(frames), _TAIL, _END]
    return _store(port, timeout_s, root, [pieces])


def _pieces(files: Iterable[bytes]) -> Iterable[bytes]:
    for file in files:
        yield from (_HEAD, file, _TAIL)
    yield _END


def _store(port: int, timeout_s: float, root: str, requests: list[list[bytes]]) -> Report:
    """One request after the other, each of which must store all that is in it."""
    web = Web(port, timeout_s)
    began = time.perf_counter()
    for pieces in requests:
        succeeded(web.post(f"{root}/studies", _TYPE, *pieces))
    took_s = time.perf_counter() - began
    total_bytes = sum(len(piece) for pieces in requests for piece in pieces)
    return {"mb_per_s": total_bytes / took_s / 1e6, "total": len(requests)}
