"""What failed so far, and when the store no longer takes anything in."""

import errno
from threading import Lock

from pacsd.api.errors import StoreError, StoreFault

MAX_SYNC_FAILURES = 2

_FAULTS = {
    errno.ENOSPC: StoreFault.NO_SPACE,
    errno.EDQUOT: StoreFault.NO_SPACE,
    errno.EROFS: StoreFault.READ_ONLY,
}


def store_error(action: str, error: OSError) -> StoreError:
    """The StoreError for a failed call; names no path."""
    number = error.errno or 0
    fault = _FAULTS.get(number, StoreFault.INPUT_OUTPUT)
    return StoreError(fault, f"{action}: {errno.errorcode.get(number, 'unknown error')}")


class Health:
    """Counts failed fsyncs; after two the store is read-only until somebody restarts it.

    The kernel may forget what it could not write once it has told so: what a later fsync of the
    same file or medium says is not to be trusted. Used by several threads.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._failures: list[str] = []

    def sync_failed(self, action: str, error: OSError) -> StoreError:
        """Count a failed fsync; the StoreError to answer with."""
        failure = store_error(action, error)
        with self._lock:
            self._failures.append(failure.explanation)
        return failure

    @property
    def is_read_only(self) -> bool:
        """Whether nothing more is taken in."""
        return len(self._failures) >= MAX_SYNC_FAILURES

    @property
    def explanation(self) -> str:
        """What is wrong in a sentence, '' when nothing is."""
        if not self._failures:
            return ""
        consequence = "read-only until restarted" if self.is_read_only else "watching"
        return f"{len(self._failures)} failed flushes ({self._failures[-1]}): {consequence}"

    def check_writable(self) -> None:
        """Raise StoreError when nothing more is taken in."""
        if self.is_read_only:
            raise StoreError(StoreFault.READ_ONLY, self.explanation)
