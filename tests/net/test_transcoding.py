import pytest

from pacsd.net.transcoding import (
    NO_TRANSCODING,
    NO_WAYS,
    NotTranscoded,
    NotTranscodedNow,
    Original,
    Ways,
)
from tests.net.transcoder import stored


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
