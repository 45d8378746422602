from hypothesis import given
from hypothesis import strategies as st

from pacsd.archive.chunks import ChunkQueue
from pacsd.archive.memory import SMALL_CHUNK_BYTES, Memory

CHUNK_BYTES = 32_768


def queue() -> ChunkQueue:
    return ChunkQueue(
        Memory(chunk_bytes=CHUNK_BYTES, per_object_bytes=10**6, total_bytes=10**7),
    )


@given(st.lists(st.tuples(st.integers(0, 50_000), st.booleans()), max_size=12))
def test_any_fragmentation_gives_the_same_bytes(fragments: list[tuple[int, bool]]) -> None:
    tested = queue()
    sent, taken = bytearray(), bytearray()
    for number, (length, does_take) in enumerate(fragments):
        fragment = bytearray([number]) * length
        tested.write(memoryview(fragment))
        sent += fragment
        fragment[:] = bytes(length)
        if does_take:
            chunks = tested.take(with_partial=False)
            taken += b"".join(chunks)
            tested.give_back(chunks)
        assert tested.waiting_bytes == len(sent) - len(taken)
    taken += b"".join(tested.take(with_partial=True))
    assert taken == sent
    assert tested.waiting_bytes == tested.full_bytes == 0


def test_only_full_chunks_are_taken_before_the_end() -> None:
    tested = queue()
    tested.write(bytes(SMALL_CHUNK_BYTES + CHUNK_BYTES + 5))
    assert tested.full_bytes == SMALL_CHUNK_BYTES + CHUNK_BYTES
    lengths = [len(chunk) for chunk in tested.take(with_partial=False)]
    assert lengths == [SMALL_CHUNK_BYTES, CHUNK_BYTES]
    assert tested.waiting_bytes == 5


def test_a_stalled_object_holds_a_small_chunk() -> None:
    tested = queue()
    tested.write(b"x")
    [chunk] = tested.take(with_partial=True)
    memory = chunk.obj
    assert isinstance(memory, bytearray)
    assert len(memory) == SMALL_CHUNK_BYTES


def test_clear_forgets_everything() -> None:
    tested = queue()
    tested.write(bytes(100_000))
    tested.clear()
    assert tested.waiting_bytes == 0
    assert tested.take(with_partial=True) == []
