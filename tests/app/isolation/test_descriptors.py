import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pacsd.app.isolation.descriptors import MAX_UNTAKEN, Descriptors, descriptors_beside
from pacsd.app.isolation.errors import Misfit


@pytest.fixture
def ends() -> Iterator[tuple[Descriptors, Descriptors]]:
    with descriptors_beside() as (here, there):
        other = Descriptors(socket.socket(fileno=os.dup(there)))
        yield here, other
        other.close()


def opened(folder: Path, content: str) -> int:
    path = folder / content
    path.write_text(content)
    return os.open(path, os.O_RDONLY)


def sent(end: Descriptors, folder: Path, content: str) -> int:
    descriptor = opened(folder, content)
    try:
        return end.send(descriptor)
    finally:
        os.close(descriptor)


def read(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def test_what_is_sent_is_taken_by_its_number_once(
    ends: tuple[Descriptors, Descriptors], tmp_path: Path
) -> None:
    here, there = ends
    numbers = [sent(here, tmp_path, content) for content in ("one", "two")]
    back = sent(there, tmp_path, "back")
    taken = [there.take(number) for number in reversed(numbers)]
    assert not any(map(os.get_inheritable, taken))
    assert [read(each) for each in taken] == [b"two", b"one"]
    assert read(here.take(back)) == b"back"
    with pytest.raises(Misfit, match="the number 1 of no file"):
        there.take(numbers[0])


def test_p06_what_nobody_takes_is_closed(
    ends: tuple[Descriptors, Descriptors], tmp_path: Path
) -> None:
    here, there = ends
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names alone
    first = sent(here, tmp_path, "first")
    for number in range(MAX_UNTAKEN):
        sent(here, tmp_path, str(number))
        with pytest.raises(Misfit):
            there.take(0)
    with pytest.raises(Misfit, match="of no file"):
        there.take(first)
    assert len(os.listdir("/proc/self/fd")) == before + MAX_UNTAKEN  # noqa: PTH208 - as above
    there.close()
    assert len(os.listdir("/proc/self/fd")) == before - 1  # noqa: PTH208 - as above


def test_p06_who_reads_nothing_is_sent_no_more_in_the_end(
    ends: tuple[Descriptors, Descriptors],
) -> None:
    here, _ = ends

    def send_without_end() -> None:
        for _ in range(10_000):
            here.send(0)

    with pytest.raises(Misfit, match="cannot be passed on"):
        send_without_end()


def test_p06_more_than_one_at_once_and_twice_the_same_number_leave_nothing_open(
    ends: tuple[Descriptors, Descriptors], tmp_path: Path
) -> None:
    here, there = ends
    first, second = opened(tmp_path, "first"), opened(tmp_path, "second")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names alone
    number = (7).to_bytes(8, "big")
    socket.send_fds(here._connection, [number], [first, second])
    socket.send_fds(here._connection, [number], [second])
    taken = there.take(7)
    assert len(os.listdir("/proc/self/fd")) == before + 1  # noqa: PTH208 - as above
    assert read(taken) == b"second"
    os.close(first)
    os.close(second)


def test_nothing_is_sent_to_who_is_gone(ends: tuple[Descriptors, Descriptors]) -> None:
    here, there = ends
    there.close()
    with descriptors_beside() as (other, _):
        pass
    with pytest.raises(Misfit, match="cannot be passed on"):
        other.send(0)
    with pytest.raises(Misfit, match="of no file"):
        other.take(1)
    with pytest.raises(Misfit, match="of no file"):
        here.take(1)
