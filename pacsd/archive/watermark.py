"""Whether the store has room and health to take more in; asked of it seldom, told at any time."""

from enum import StrEnum

from pacsd.api.store import BlobStore, StoreStatus
from pacsd.archive.observer import Concern

# Of the mark: with less free than this the store is complained about, and with less than that
# nobody new is let in to store, so that those who are storing may finish.
WARN_FACTOR = 2.0
DOOR_FACTOR = 1.5


class ConcernKind(StrEnum):
    """What is wrong; as long as it is the same one, nobody is told again."""

    NOT_ASKED = "not asked yet"
    UNKNOWN = "status unknown"
    READ_ONLY = "read-only"
    BELOW_MARK = "below the mark"
    DOOR_SHUT = "close to the mark"
    NEAR_MARK = "near the mark"
    UNWELL = "unwell"


class Watermark:
    """A store's last known status and what it means for storing; `called`: as it is told of."""

    def __init__(
        self,
        store: BlobStore,
        *,
        min_free_bytes: int,
        min_free_inodes: int,
        called: str = "store",
    ) -> None:
        self._store = store
        self._called = called
        self._min_free_bytes = min_free_bytes
        self._min_free_inodes = min_free_inodes
        self.concern: Concern | None = Concern(
            ConcernKind.NOT_ASKED, f"the {called} was not asked yet", is_refusal=True
        )

    @property
    def refusal(self) -> str | None:
        """Why nothing is taken in, None when objects may come."""
        concern = self.concern
        return concern.why if concern is not None and concern.is_refusal else None

    @property
    def door(self) -> str | None:
        """Why nobody new may come to store, None when they may."""
        concern = self.concern
        is_shut = concern is not None and concern.kind == ConcernKind.DOOR_SHUT
        return concern.why if concern is not None and is_shut else self.refusal

    @property
    def warning(self) -> str | None:
        """Why somebody should look at the store, refusing or not; None when all is well."""
        return None if self.concern is None else self.concern.why

    async def refresh(self) -> None:
        """Ask the store."""
        try:
            self.concern = self._judge(await self._store.status())
        except Exception as error:  # noqa: BLE001 - a store that cannot tell takes nothing in
            why = f"the {self._called}'s status is unknown: {type(error).__name__}: {error}"
            self.concern = Concern(ConcernKind.UNKNOWN, why, is_refusal=True)

    def is_late(self, seconds: float) -> None:
        """The store was asked so long ago and has not answered: until it does it takes nothing."""
        why = f"the {self._called}'s status is unknown: no answer within {seconds:g} s"
        self.concern = Concern(ConcernKind.UNKNOWN, why, is_refusal=True)

    def _judge(self, status: StoreStatus) -> Concern | None:
        if status.is_read_only:
            why = f"{self._called} is read-only: {status.explanation}"
            return Concern(ConcernKind.READ_ONLY, why, is_refusal=True)
        shortage = self._shortage(status, 1)
        if shortage:
            return Concern(ConcernKind.BELOW_MARK, shortage, is_refusal=True)
        if status.explanation and not self._shortage(status, DOOR_FACTOR):
            return Concern(
                ConcernKind.UNWELL, f"{self._called}: {status.explanation}", is_refusal=False
            )
        for kind, factor in _LEVELS.items():
            shortage = self._shortage(status, factor)
            if shortage:
                return Concern(kind, shortage, is_refusal=False)
        return None

    def _shortage(self, status: StoreStatus, factor: float) -> str | None:
        """What is below `factor` times its mark."""
        free_bytes, least_bytes = status.free_bytes, int(factor * self._min_free_bytes)
        if free_bytes is not None and free_bytes < least_bytes:
            return f"{self._called} has {free_bytes} bytes free, less than {least_bytes}"
        free_inodes, least_inodes = status.free_inodes, int(factor * self._min_free_inodes)
        if free_inodes is not None and free_inodes < least_inodes:
            return f"{self._called} has {free_inodes} inodes free, less than {least_inodes}"
        return None


_LEVELS = {ConcernKind.DOOR_SHUT: DOOR_FACTOR, ConcernKind.NEAR_MARK: WARN_FACTOR}
