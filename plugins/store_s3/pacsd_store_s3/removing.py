"""What was deleted here goes from the far store behind, however long that takes."""

from collections import OrderedDict
from itertools import islice

import anyio
from pacsd_s3_client.far import Far
from pacsd_s3_client.faults import FarError

from pacsd.api.errors import StoreError
from pacsd.api.plugin import Logger
from pacsd_store_s3.backoff import WHILE_DOWN, Backoff
from pacsd_store_s3.catalogue import Catalogue
from pacsd_store_s3.entries import Removed
from pacsd_store_s3.keys import Names
from pacsd_store_s3.ledger import Ledger
from pacsd_store_s3.line import WaitingLine

GROUP_OBJECTS = 64


class Removing:
    """Removes what was deleted, the oldest first."""

    def __init__(
        self,
        far: Far,
        names: Names,
        catalogue: Catalogue,
        ledger: Ledger,
        line: WaitingLine,
        logger: Logger,
        backoff: Backoff = WHILE_DOWN,
    ) -> None:
        self._far = far
        self._names = names
        self._catalogue = catalogue
        self._ledger = ledger
        self._line = line
        self._logger = logger
        self._backoff = backoff
        self._waiting: OrderedDict[str, None] = OrderedDict()
        self._work_came = anyio.Event()

    def remove(self, key: str) -> None:
        """An object that was deleted is nowhere but in the far store now."""
        if self._catalogue.is_deleted(key):
            self._waiting[key] = None
            self._work_came.set()

    async def run(self, at_once: int) -> None:
        """Remove until cancelled."""
        failures = 0
        while True:
            group = list(islice(self._waiting, GROUP_OBJECTS))
            if not group:
                self._work_came = anyio.Event()
                await self._work_came.wait()
                continue
            error = await self._remove_group(group, at_once)
            failures = failures + 1 if error else 0
            if error is not None:
                if failures == 1:
                    self._logger.warning("the far store keeps what was deleted", why=str(error))
                await anyio.sleep(self._backoff.wait_s(failures))

    async def _remove_group(self, group: list[str], at_once: int) -> Exception | None:
        """Remove them side by side; what went wrong with one of them, if it did."""
        errors: list[Exception] = []
        limit = anyio.CapacityLimiter(at_once)

        async def remove(key: str) -> None:
            async with limit:
                try:
                    await self._remove(key)
                except (FarError, StoreError) as error:
                    errors.append(error)
                    self._waiting.move_to_end(key)

        async with anyio.create_task_group() as tasks:
            for key in group:
                tasks.start_soon(remove, key)
        return errors[-1] if errors else None

    async def _remove(self, key: str) -> None:
        # What is being uploaded would come after it was removed.
        await self._line.until_free(key)
        await self._far.delete(self._names.object(key))
        await self._far.delete(self._names.blocks(key))
        await self._ledger.write(Removed(key))
        self._waiting.pop(key, None)
