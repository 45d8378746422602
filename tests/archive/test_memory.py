import pytest

from pacsd.archive.memory import SPARE_CHUNKS, Memory


def memory(**changes: int) -> Memory:
    sizes = {"chunk_bytes": 10, "per_object_bytes": 100, "total_bytes": 400} | changes
    return Memory(**sizes)


@pytest.mark.parametrize(
    ("open_objects", "limit_bytes"), [(0, 100), (1, 100), (4, 100), (8, 50), (1000, 20)]
)
def test_many_open_objects_share_what_there_is(open_objects: int, limit_bytes: int) -> None:
    tested = memory()
    tested.open_objects = open_objects
    assert tested.limit_bytes == limit_bytes
    assert tested.low_water_bytes == limit_bytes // 2


def test_an_object_needs_two_chunks() -> None:
    with pytest.raises(ValueError, match="19 bytes per object are less than 2 chunks of 10"):
        memory(per_object_bytes=19)


def test_chunks_are_used_again() -> None:
    tested = memory()
    chunk = tested.take_chunk()
    tested.give_back(chunk)
    assert tested.take_chunk() is chunk


def test_chunks_of_another_size_are_not() -> None:
    tested = memory()
    tested.give_back(bytearray(9))
    assert len(tested.take_chunk()) == 10


def test_few_chunks_are_kept() -> None:
    tested = memory()
    given = [bytearray(10) for _ in range(SPARE_CHUNKS + 5)]
    for chunk in given:
        tested.give_back(chunk)
    taken = [tested.take_chunk() for _ in given]
    kept = {id(chunk) for chunk in given} & {id(chunk) for chunk in taken}
    assert len(kept) == SPARE_CHUNKS
