import pytest

from pacsd.api.state_log import MAX_RECORD_BYTES, check_record


@pytest.mark.parametrize("record", [b"x", bytes(MAX_RECORD_BYTES), b"\r\xff"])
def test_any_one_line_is_a_record(record: bytes) -> None:
    check_record(record)


@pytest.mark.parametrize("record", [b"", b"\n", b"two\nlines", bytes(MAX_RECORD_BYTES + 1)])
def test_what_is_no_record(record: bytes) -> None:
    with pytest.raises(ValueError, match="in one line"):
        check_record(record)
