"""What a Host is given, or gives, as an open file: beside the channel, where its number crosses.

Bytes that may be longer than a frame cross as a file in memory that has no name.
"""

import os
import shutil
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from enum import Enum, auto
from pathlib import Path
from typing import BinaryIO, cast

from anyio import to_thread

from pacsd.api.host import HostError
from pacsd.app.isolation.descriptors import Descriptors


class Beside(Enum):
    """What crosses beside the channel."""

    NOTHING = auto()
    TAKES_FILE = auto()
    GIVES_FILE = auto()
    GIVES_BYTES = auto()


@asynccontextmanager
async def passed_on(
    beside: Beside, descriptors: Descriptors, arguments: tuple[object, ...]
) -> AsyncIterator[tuple[object, ...]]:
    """The arguments as they cross: the number of a file that was sent, where it takes one.

    Raises:
        HostError: what is to be a file is none.
        Misfit, OSError: it cannot be passed on.
    """
    if beside is not Beside.TAKES_FILE:
        yield arguments
        return
    async with _as_file(arguments[0]) as descriptor:
        yield (descriptors.send(descriptor),)


@asynccontextmanager
async def _as_file(given_file: object) -> AsyncIterator[int]:
    """The descriptor of a file, or of a copy in memory of what has none."""
    file = cast("BinaryIO", given_file)
    try:
        await to_thread.run_sync(file.flush)
        descriptor = file.fileno()
    except AttributeError as error:
        raise HostError("file: is none") from error
    except (OSError, ValueError):  # io.UnsupportedOperation is both
        copy = await to_thread.run_sync(_copied, file)
        try:
            yield copy
        finally:
            os.close(copy)
    else:
        yield descriptor


def _copied(file: BinaryIO) -> int:
    file.seek(0)
    with _in_memory() as copy:
        shutil.copyfileobj(file, copy)
        copy.flush()
        return os.dup(copy.fileno())


async def taken(beside: Beside, descriptors: Descriptors, answer: object) -> object:
    """What an answer stands for, where it came to.

    Raises:
        Misfit, OSError: what it names did not come.
    """
    if beside is Beside.GIVES_FILE:
        return _opened(descriptors, answer)
    if beside is Beside.GIVES_BYTES:
        with _opened(descriptors, answer) as file:
            return await to_thread.run_sync(file.read)
    return answer


@contextmanager
def took(
    beside: Beside, descriptors: Descriptors, arguments: tuple[object, ...]
) -> Iterator[tuple[object, ...]]:
    """The arguments as they are meant: the file whose number came, where it takes one.

    Raises:
        HostError: it is none whose reading has an end.
        Misfit: none of that number came.
    """
    if beside is not Beside.TAKES_FILE:
        yield arguments
        return
    with _opened(descriptors, arguments[0]) as file:
        yield (file,)


async def given(beside: Beside, descriptors: Descriptors, answer: object) -> object:
    """The answer as it crosses: the number of the file that was sent, where it gives one.

    Raises:
        Misfit, OSError: it cannot be passed on.
    """
    if beside is Beside.GIVES_FILE:
        with cast("BinaryIO", answer) as file:
            return descriptors.send(file.fileno())
    if beside is Beside.GIVES_BYTES:
        with _in_memory() as file:
            await to_thread.run_sync(_write, file, answer)
            return descriptors.send(file.fileno())
    return answer


def _opened(descriptors: Descriptors, number: object) -> BinaryIO:
    """The file of a number, at its beginning, at a place of its own: the sender has it open, too.

    Raises:
        HostError: it is none whose reading has an end.
    """
    descriptor = descriptors.take(cast("int", number))
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise HostError("file: is none on disk or in memory")
        return Path(f"/proc/self/fd/{descriptor}").open("rb")
    finally:
        os.close(descriptor)


def _in_memory() -> BinaryIO:
    return os.fdopen(os.memfd_create("pacsd", os.MFD_CLOEXEC), "w+b")


def _write(file: BinaryIO, content: object) -> None:
    file.write(cast("bytes", content))
    file.flush()
