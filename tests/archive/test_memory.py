import pytest

from pacsd.archive.memory import SMALL_CHUNK_BYTES, SPARE_CHUNKS, Memory

KIB = 1024
MIB = 1024 * KIB
BIG_CHUNK_BYTES = 256 * KIB


def memory(**changes: int) -> Memory:
    sizes = {
        "chunk_bytes": BIG_CHUNK_BYTES,
        "per_object_bytes": 2 * MIB,
        "total_bytes": 256 * MIB,
    }
    return Memory(**(sizes | changes))


@pytest.mark.parametrize(
    ("open_objects", "limit_bytes", "batch_bytes"),
    [
        (0, 2 * MIB, 512 * KIB),
        (1, 2 * MIB, 512 * KIB),
        (128, 2 * MIB, 512 * KIB),
        (256, MIB, 256 * KIB),
        (1024, 256 * KIB, 64 * KIB),
        (65_536, 4 * KIB, 16 * KIB),
    ],
)
def test_many_open_objects_share_what_there_is(
    open_objects: int, limit_bytes: int, batch_bytes: int
) -> None:
    tested = memory()
    tested.open_objects = open_objects
    assert tested.limit_bytes == limit_bytes
    assert tested.low_water_bytes == limit_bytes // 2
    assert tested.batch_bytes == batch_bytes


def test_everything_pauses_while_the_total_is_out() -> None:
    tested = memory(total_bytes=2 * SMALL_CHUNK_BYTES)
    chunks = [tested.take_chunk(is_small=False) for _ in range(2)]
    assert (tested.limit_bytes, tested.low_water_bytes) == (0, 0)
    tested.give_back(chunks[0])
    assert tested.limit_bytes > 0


def test_an_object_needs_two_chunks() -> None:
    with pytest.raises(ValueError, match="19 bytes per object are less than 2 chunks of 10"):
        memory(chunk_bytes=10, per_object_bytes=19)


@pytest.mark.parametrize(
    ("open_objects", "is_small", "length"),
    [
        (1, False, BIG_CHUNK_BYTES),
        (1, True, SMALL_CHUNK_BYTES),
        (256, False, BIG_CHUNK_BYTES),
        (257, False, SMALL_CHUNK_BYTES),
    ],
)
def test_chunks_are_small_when_many_share(
    open_objects: int, length: int, *, is_small: bool
) -> None:
    tested = memory()
    tested.open_objects = open_objects
    assert len(tested.take_chunk(is_small=is_small)) == tested.used_bytes == length


def test_chunks_are_small_when_little_is_left() -> None:
    tested = memory(total_bytes=4 * BIG_CHUNK_BYTES)
    lengths = [len(tested.take_chunk(is_small=False)) for _ in range(5)]
    assert lengths == [BIG_CHUNK_BYTES] * 4 + [SMALL_CHUNK_BYTES]


def test_chunks_are_used_again() -> None:
    tested = memory()
    chunk = tested.take_chunk(is_small=False)
    tested.give_back(chunk)
    assert (tested.used_bytes, tested.held_bytes) == (0, BIG_CHUNK_BYTES)
    assert tested.take_chunk(is_small=False) is chunk


def test_small_chunks_are_not() -> None:
    tested = memory()
    tested.give_back(tested.take_chunk(is_small=True))
    assert tested.held_bytes == 0


def test_few_chunks_are_kept() -> None:
    tested = memory()
    for chunk in [tested.take_chunk(is_small=False) for _ in range(SPARE_CHUNKS + 5)]:
        tested.give_back(chunk)
    assert tested.held_bytes == SPARE_CHUNKS * BIG_CHUNK_BYTES


def test_kept_chunks_count_too() -> None:
    tested = memory(total_bytes=4 * BIG_CHUNK_BYTES)
    for chunk in [tested.take_chunk(is_small=False) for _ in range(4)]:
        tested.give_back(chunk)
    assert tested.held_bytes == 4 * BIG_CHUNK_BYTES
    tested.take_chunk(is_small=True)
    assert tested.held_bytes == SMALL_CHUNK_BYTES
