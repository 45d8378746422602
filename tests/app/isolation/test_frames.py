import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.app.isolation.errors import Misfit
from pacsd.app.isolation.frames import MAX_FRAME_BYTES, FrameDecoder, encode_frame


@given(st.lists(st.binary(max_size=300)), st.integers(1, 50))
def test_frames_come_out_as_they_went_in_however_they_are_cut(
    contents: list[bytes], size: int
) -> None:
    sent = b"".join(map(encode_frame, contents))
    decoder = FrameDecoder()
    pieces = (sent[begin : begin + size] for begin in range(0, len(sent), size))
    assert [frame for piece in pieces for frame in decoder.feed(piece)] == contents


def test_the_longest_frame_passes_and_a_longer_one_is_refused_before_it_is_made() -> None:
    longest = bytes(MAX_FRAME_BYTES)
    assert [*FrameDecoder().feed(encode_frame(longest))] == [longest]
    with pytest.raises(Misfit, match="a frame of 2,097,153 bytes instead of at most 2,097,152"):
        encode_frame(longest + b" ")


def test_p06_a_length_beyond_the_bound_is_refused_before_memory_is_taken() -> None:
    with pytest.raises(Misfit, match="4,294,967,295 bytes"):
        [*FrameDecoder().feed(b"\xff\xff\xff\xff")]
