"""Places of the requests that are answered at once."""

from collections.abc import Iterator
from contextlib import contextmanager


class RequestPlaces:
    """So many, of which each request takes one while it is answered."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0

    @property
    def is_full(self) -> bool:
        """Whether no more can be taken."""
        return self._taken >= self._limit

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold one."""
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    @contextmanager
    def given_back(self) -> Iterator[None]:
        """Let others have the one that is held; at the end it is held again, if need be beyond."""
        self._taken -= 1
        try:
            yield
        finally:
            self._taken += 1
