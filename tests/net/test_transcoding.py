import anyio
import pytest

from pacsd.net.transcoding import (
    NO_TRANSCODING,
    NO_WAYS,
    EndingTranscoding,
    NotTranscoded,
    NotTranscodedNow,
    Original,
    TranscodingEnded,
    Ways,
)
from tests.net.transcoder import FakeTranscoding, WorkingTranscoding, stored


async def test_without_codecs_nothing_can_be_had() -> None:
    assert await NO_TRANSCODING.ways() is NO_WAYS
    original = Original("1.2", "1.2.3", "1.2.840.10008.1.2.5", stored(b""))
    with pytest.raises(NotTranscoded, match=r"no codec makes 1\.2\.4 of 1\.2\.840"):
        async with NO_TRANSCODING.transcoded(original, "1.2.4"):
            raise AssertionError("there is nothing to be had")


def test_ways_are_by_what_is_stored() -> None:
    ways = Ways({"1.2": ("1.3", "1.4")})
    assert ways.of("1.2") == ("1.3", "1.4")
    assert ways.of("1.3") == ()


def test_what_may_be_had_later_is_not_had_now() -> None:
    assert issubclass(NotTranscodedNow, NotTranscoded)
    assert issubclass(NotTranscoded, OSError)


WAYS = Ways({"1.2": ("1.4",)})
ORIGINAL = Original("1.2", "1.2.3", "1.2", stored(b"abcd"))


async def test_what_a_run_has_transcoded_is_as_anybodys() -> None:
    codecs = FakeTranscoding(WAYS)
    run = EndingTranscoding(codecs)
    assert await run.ways() is WAYS
    async with run.transcoded(ORIGINAL, "1.4") as made:
        run.end()
        assert b"".join([bytes(piece) async for piece in made.pieces()]) == b"dcba"
    assert codecs.inside == 0
    with pytest.raises(TranscodingEnded):
        async with run.transcoded(ORIGINAL, "1.4"):
            raise AssertionError("it has ended")
    assert codecs.done == [("1.2.3", "1.4")]


async def test_a_run_that_ends_waits_for_no_codec() -> None:
    codecs = WorkingTranscoding(WAYS)
    run, ended = EndingTranscoding(codecs), list[str]()

    async def transcode() -> None:
        with pytest.raises(TranscodingEnded):
            async with run.transcoded(ORIGINAL, "1.4"):
                raise AssertionError("it does not end")
        ended.append("ended")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(transcode)
        await codecs.begun.wait()
        assert codecs.inside == 1
        run.end()
    assert (ended, codecs.inside) == (["ended"], 0)


async def test_who_is_cancelled_itself_is_not_told_otherwise() -> None:
    codecs = WorkingTranscoding(WAYS)
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(codecs.begun.wait)
            scope.cancel()
            async with EndingTranscoding(codecs).transcoded(ORIGINAL, "1.4"):
                raise AssertionError("it does not end")
    assert (scope.cancelled_caught, codecs.inside) == (True, 0)
