import pytest

from pacsd.api.errors import StoreError
from pacsd.archive import difference
from pacsd.archive.difference import Comparison, Difference, compare
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import data_set
from tests.archive.test_contents import digest_of, element, item
from tests.archive.test_sameness import EXPLICIT, IMPLICIT, encoded, stored


async def compared(
    first: bytes, second: bytes, first_uid: str = EXPLICIT, second_uid: str = EXPLICIT
) -> Comparison:
    store = MemoryStore()
    one, other = await stored(store, first, first_uid), await stored(store, second, second_uid)
    return await compare(store, (one, first_uid), (other, second_uid))


async def test_the_same_has_no_differences() -> None:
    assert await compared(data_set(), data_set()) == Comparison((), False, "", "")
    assert (await compared(encoded(EXPLICIT), encoded(IMPLICIT), EXPLICIT, IMPLICIT)) == (
        Comparison((), False, "", "")
    )


async def test_each_difference_is_named() -> None:
    first = data_set({"PatientName": "Doe^J", "Rows": 16}, pixel_bytes=10)
    second = data_set({"PatientName": "Roe^J", "StudyDate": ""}, pixel_bytes=12)
    found = await compared(first, second)
    assert found.differences == (
        Difference("", "(0008,0020)", "StudyDate", "20260102", None),
        Difference("", "(0010,0010)", "PatientName", "Doe^J", "Roe^J"),
        Difference("", "(0028,0010)", "Rows", "16", None),
        Difference("", "(7FE0,0010)", "PixelData", digest_of(bytes(10)), digest_of(bytes(12))),
    )


async def test_in_items_by_path() -> None:
    one, other = (
        element(0x00081140, b"SQ", item(element(0x00081155, b"UI", uid))) + data_set()
        for uid in (b"1.2\0", b"1.3\0")
    )
    [found] = (await compared(one, other)).differences
    assert found == Difference(
        "ReferencedImageSequence[0]", "(0008,1155)", "ReferencedSOPInstanceUID", "1.2", "1.3"
    )


async def test_values_are_short_and_harmless() -> None:
    [found] = (
        await compared(
            data_set({"PatientName": "\x1b[2J" + "x" * 100}), data_set({"PatientName": "y"})
        )
    ).differences
    assert found.first is not None
    assert len(found.first) == 64
    assert found.first.startswith("?[2Jxxx")
    assert found.first.endswith("...")


async def test_there_is_an_end_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(difference, "MAX_DIFFERENCES", 2)
    found = await compared(data_set(), data_set({"Modality": "", "StudyDate": "", "PatientID": ""}))
    assert (len(found.differences), found.is_cut) == (2, True)


async def test_what_cannot_be_read_is_said() -> None:
    found = await compared(data_set(), data_set()[:-3])
    assert found.first_fault == ""
    assert "ends within" in found.second_fault


async def test_a_file_that_is_gone() -> None:
    store = MemoryStore()
    one = await stored(store, data_set(), EXPLICIT)
    store.objects.clear()
    with pytest.raises(StoreError):
        await compare(store, (one, EXPLICIT), (one, EXPLICIT))
