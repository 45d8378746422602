"""One object in the hands of a codec: whoever waits for it, its files are closed once."""

import errno
import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from pacsd.api.transcoder import TranscodingError
from pacsd.app.plugins.codec_work import CodecWork
from pacsd.app.plugins.transcoded_file import Expected
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN
from pacsd.net.transcoding import NotTranscoded, NotTranscodedNow
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from tests.app.plugins.unwrapping import WRAPPED, Unwrapping, wrapped
from tests.net.web.serving import part10

FILE = part10(data_set({"SOPInstanceUID": "1.2.3.4"}) + wrapped(), "1.2.3.4", WRAPPED)
EXPECTED = Expected(CT_IMAGE_STORAGE, "1.2.3.4", EXPLICIT_VR_LITTLE_ENDIAN, 1_000_000)


class Bench:
    """A work with its files."""

    def __init__(self, codec: Unwrapping) -> None:
        self.files: tuple[BinaryIO, BinaryIO] = (io.BytesIO(FILE), tempfile.TemporaryFile())  # noqa: SIM115 - the work closes it
        self.returned = 0
        self.work = CodecWork(codec, self.files, EXPECTED, self._return)

    def _return(self) -> None:
        self.returned += 1

    @property
    def is_over(self) -> bool:
        return self.returned == 1 and all(file.closed for file in self.files)


def test_what_is_made_outlives_its_files() -> None:
    bench = Bench(Unwrapping())
    made = bench.work.run()
    assert bench.is_over
    assert made is not None
    with made.file:
        assert made.file.seek(0) == 0
        assert len(made.file.read()) == made.file_bytes


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (TranscodingError("16 bits\nonly"), r"16 bits\nonly"),
        (ValueError("MILLER^ANN"), "the codec raised ValueError"),
        (SystemExit("MILLER^ANN"), "the codec raised SystemExit"),
    ],
)
def test_what_it_raises_is_told_as_far_as_it_may_be(error: BaseException, why: str) -> None:
    def fail() -> None:
        raise error

    bench = Bench(Unwrapping(fail))
    with pytest.raises(NotTranscoded) as refused:
        bench.work.run()
    assert str(refused.value) == why
    assert bench.is_over


def _full() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def _full_within() -> None:
    try:
        _full()
    except OSError as error:
        raise TranscodingError("cannot write") from error


@pytest.mark.parametrize("fail", [_full, _full_within])
def test_a_full_disk_is_not_the_objects_fault(fail: Callable[[], None]) -> None:
    bench = Bench(Unwrapping(fail))
    with pytest.raises(NotTranscodedNow, match="disk of data_dir is full"):
        bench.work.run()
    assert bench.is_over


def test_nor_is_one_that_is_full_at_the_last_byte() -> None:
    """All is in the buffer when the codec returns; to close the file tries it once more."""
    bench = Bench(Unwrapping())
    bench.files[1].close()
    full = Path("/dev/full").open("w+b")  # noqa: SIM115 - the work closes it
    bench.files = bench.files[0], full
    bench.work = CodecWork(Unwrapping(), bench.files, EXPECTED, bench._return)
    with pytest.raises(NotTranscodedNow, match="No space left on device"):
        bench.work.run()
    assert bench.is_over


def test_a_codec_that_closes_its_file_is_told_so() -> None:
    class Closing(Unwrapping):
        def transcode(self, source: BinaryIO, target: BinaryIO, /) -> None:
            super().transcode(source, target)
            target.close()

    with pytest.raises(NotTranscoded, match="the codec closed its file"):
        Bench(Closing()).work.run()


def test_abandoned_before_it_began_it_is_not_begun() -> None:
    codec = Unwrapping()
    bench = Bench(codec)
    bench.work.abandon()
    assert bench.is_over
    assert bench.work.run() is None
    assert codec.files == []
    assert bench.returned == 1


def test_abandoned_while_it_runs_its_files_stay_open_until_it_returns() -> None:
    def check() -> None:
        bench.work.abandon()
        assert not any(file.closed for file in bench.files)
        assert bench.returned == 0

    bench = Bench(Unwrapping(check))
    made = bench.work.run()
    assert bench.is_over
    assert made is not None
    assert made.file.closed


def test_abandoned_when_it_has_just_returned_nothing_stays_open() -> None:
    bench = Bench(Unwrapping())
    made = bench.work.run()
    assert made is not None
    bench.work.abandon()
    assert made.file.closed
    assert bench.returned == 1


def test_what_goes_on_writing_too_much_keeps_nothing_of_it() -> None:
    sizes: list[int] = []

    def look() -> None:
        for _ in range(2):
            bench.files[1].write(bytes(EXPECTED.max_bytes + 1))
            bench.files[1].flush()
            assert isinstance(bench.work.look(lambda: None), NotTranscoded)
            sizes.append(os.fstat(bench.files[1].fileno()).st_size)

    bench = Bench(Unwrapping(look))
    with pytest.raises(NotTranscoded, match=r"more than 1000000 \(transcoding\.max_bytes\)"):
        bench.work.run()
    assert sizes == [0, 0]
    assert bench.is_over


def test_who_writes_no_more_than_it_may_goes_on() -> None:
    def look() -> None:
        assert bench.work.look(lambda: None) is None

    bench = Bench(Unwrapping(look))
    assert bench.work.look(lambda: None) is None
    made = bench.work.run()
    assert made is not None
    made.file.close()
    assert bench.work.look(lambda: None) is None


def test_a_full_disk_is_told_of_a_codec_that_is_at_work() -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def look() -> None:
        bench.work.look(full)
        raise ValueError

    bench = Bench(Unwrapping(look))
    with pytest.raises(NotTranscodedNow, match="No space left on device"):
        bench.work.run()
