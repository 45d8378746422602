import os
import socket
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from pacsd.api.host import HostError
from pacsd.app.isolation.crossing_files import Beside, given, passed_on, taken, took
from pacsd.app.isolation.descriptors import Descriptors, descriptors_beside
from pacsd.app.isolation.errors import Misfit

Ends = tuple[Descriptors, Descriptors]


@pytest.fixture
def ends() -> Iterator[Ends]:
    with descriptors_beside() as (here, there):
        other = Descriptors(socket.socket(fileno=os.dup(there)))
        yield here, other
        other.close()


async def test_what_is_no_file_crosses_as_it_is(ends: Ends) -> None:
    here, there = ends
    async with passed_on(Beside.NOTHING, here, ("a",)) as told:
        assert told == ("a",)
    with took(Beside.NOTHING, there, ("a",)) as known:
        assert known == ("a",)
    assert await given(Beside.NOTHING, there, 7) == 7
    assert await taken(Beside.NOTHING, here, 7) == 7


@pytest.mark.parametrize("is_on_disk", [False, True])
async def test_a_file_is_taken_from_its_beginning_and_stays_where_it_was(
    ends: Ends, *, is_on_disk: bool
) -> None:
    here, there = ends
    with cast("BinaryIO", tempfile.TemporaryFile() if is_on_disk else BytesIO()) as file:
        file.write(b"content")
        async with passed_on(Beside.TAKES_FILE, here, (file,)) as told:
            with took(Beside.TAKES_FILE, there, told) as [known]:
                assert cast("BinaryIO", known).read() == b"content"
        assert file.tell() == 7


async def test_a_file_and_bytes_are_given(ends: Ends, tmp_path: Path) -> None:
    here, there = ends
    (tmp_path / "file").write_bytes(b"content")
    number = await given(Beside.GIVES_FILE, there, (tmp_path / "file").open("rb"))
    with cast("BinaryIO", await taken(Beside.GIVES_FILE, here, number)) as file:
        assert file.read() == b"content"
        assert not file.writable()
    long = bytes(3_000_000)
    number = await given(Beside.GIVES_BYTES, there, long)
    assert await taken(Beside.GIVES_BYTES, here, number) == long


async def test_p06_what_does_not_end_is_not_read(ends: Ends) -> None:
    here, there = ends
    reading, writing = os.pipe()
    number = here.send(reading)
    refused = pytest.raises(HostError, match="none on disk or in memory")
    with refused, took(Beside.TAKES_FILE, there, (number,)):
        pass
    with pytest.raises(Misfit, match="of no file"), took(Beside.TAKES_FILE, there, (99,)):
        pass
    os.close(reading)
    os.close(writing)


async def test_what_is_to_be_a_file_is_one(ends: Ends) -> None:
    with pytest.raises(HostError, match="file: is none"):
        async with passed_on(Beside.TAKES_FILE, ends[0], (b"bytes",)):
            pass
