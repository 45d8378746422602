import errno

import pytest
from pacsd_store_fs.health import Health, store_error

from pacsd.api.errors import StoreError, StoreFault


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        (errno.ENOSPC, StoreFault.NO_SPACE),
        (errno.EDQUOT, StoreFault.NO_SPACE),
        (errno.EROFS, StoreFault.READ_ONLY),
        (errno.EIO, StoreFault.INPUT_OUTPUT),
        (errno.EMFILE, StoreFault.INPUT_OUTPUT),
    ],
)
def test_a_failed_call_is_named_without_its_path(number: int, fault: StoreFault) -> None:
    error = store_error("write", OSError(number, "why", "/secret/path"))
    assert error.fault is fault
    assert error.explanation == f"write: {errno.errorcode[number]}"


def test_one_failed_flush_is_watched_the_second_makes_read_only() -> None:
    health = Health()
    assert (health.is_read_only, health.explanation) == (False, "")
    health.sync_failed("fsync of a file", OSError(errno.EIO, ""))
    health.check_writable()
    assert "watching" in health.explanation
    health.sync_failed("fsync of a directory", OSError(errno.EIO, ""))
    assert health.is_read_only
    assert health.explanation == (
        "2 failed flushes (fsync of a directory: EIO): read-only until restarted"
    )
    with pytest.raises(StoreError) as raised:
        health.check_writable()
    assert raised.value.fault is StoreFault.READ_ONLY
