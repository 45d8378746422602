"""Whether the store has room and health to take more in; asked of it seldom, told at any time."""

from pacsd.api.store import BlobStore, StoreStatus


class Watermark:
    """The store's last known status and what it means for storing."""

    def __init__(self, store: BlobStore, *, min_free_bytes: int, min_free_inodes: int) -> None:
        self._store = store
        self._min_free_bytes = min_free_bytes
        self._min_free_inodes = min_free_inodes
        self.refusal: str | None = "the store was not asked yet"

    async def refresh(self) -> None:
        """Ask the store."""
        try:
            self.refusal = self._judge(await self._store.status())
        except Exception as error:  # noqa: BLE001 - a store that cannot tell takes nothing in
            self.refusal = f"the store's status is unknown: {type(error).__name__}: {error}"

    def _judge(self, status: StoreStatus) -> str | None:
        if status.is_read_only:
            return f"store is read-only: {status.explanation}"
        if status.free_bytes is not None and status.free_bytes < self._min_free_bytes:
            return f"store has {status.free_bytes} bytes free, less than {self._min_free_bytes}"
        if status.free_inodes is not None and status.free_inodes < self._min_free_inodes:
            return f"store has {status.free_inodes} inodes free, less than {self._min_free_inodes}"
        return None
