import pytest
from pacsd_store_s3.entries import Copied, Deleted, Entry, Floor, Removed, Uploaded, decode, encode


@pytest.mark.parametrize(
    "entry",
    [
        Uploaded("0001/a", 5, 6),
        Deleted("0001/a"),
        Removed("0001/a"),
        Copied("0001/a", "1/b", 7),
        Floor(""),
        Floor("0001/a"),
        Floor("~"),
    ],
)
def test_an_entry_is_read_as_written(entry: Entry) -> None:
    assert decode(encode(entry)) == entry


@pytest.mark.parametrize(
    "line", ["", "uploaded", "uploaded ../x 1 2", "uploaded 0001/a x 2", "new"]
)
def test_what_is_none_is_passed(line: str) -> None:
    assert decode(line) is None
