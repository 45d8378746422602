import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.index import header_codec
from pacsd.index.header_codec import deflate, dictionary_of, inflate


@given(st.binary(max_size=3_000), st.binary(max_size=3_000), st.integers(1, 30))
def test_a_header_comes_back(header: bytes, first: bytes, times: int) -> None:
    dictionary = dictionary_of(first * times)
    assert inflate(deflate(header * times, dictionary), dictionary) == header * times
    assert inflate(deflate(header * times)) == header * times


def test_a_header_like_the_dictionary_is_small() -> None:
    first = b"".join(b"%04d(0008,0000)" % number for number in range(150))
    assert len(deflate(first.replace(b"0077", b"9999"), first)) < 60


@given(st.binary(max_size=200))
def test_any_bytes_are_a_header_or_nothing(body: bytes) -> None:
    assert inflate(body) is None or isinstance(inflate(body), bytes)


def test_a_header_that_is_cut_is_nothing() -> None:
    assert inflate(deflate(b"header" * 100)[:-2]) is None


def test_a_bomb_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header_codec, "MAX_HEADER_BYTES", 1_000)
    assert inflate(deflate(bytes(1_001))) is None
    assert inflate(deflate(bytes(999))) == bytes(999)


def test_what_is_kept_is_plain_deflate() -> None:
    assert zlib.decompress(deflate(b"header"), -15) == b"header"
