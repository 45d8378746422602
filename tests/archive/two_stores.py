"""As `small_archive`, with two stores in memory, whose keys are the same ones."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pacsd.api.store import Location, Staged, StageRequest
from pacsd.archive.curation import Curation
from pacsd.archive.stores import StoresTogether
from pacsd.index.index import Index, open_index
from pacsd.index.sqlite import Durability
from pacsd.testing.memory_store import MemoryStore
from tests.archive.small_archive import Clock, SmallArchive

FAST, SLOW = "fast", "slow"


class TwoStores(SmallArchive):
    """What comes lies in one of them, by chance unless `chosen` says in which."""

    def __init__(self, index: Index, seed: int = 1) -> None:
        self.fast, self.slow = MemoryStore(FAST), MemoryStore(SLOW)
        self.together = StoresTogether({FAST: self.fast, SLOW: self.slow})
        self.chosen: str | None = None
        self._chance = random.Random(seed)
        super().__init__(self.together, index)  # type: ignore[arg-type]

    def another_curation(self) -> Curation:
        """As a daemon has it that was started again."""
        return Curation(self.together, FAST, self.index, now_us=self.clock)

    def damage(self, location: Location) -> None:
        """Have a file hold something else."""
        store = self.slow if location.store == SLOW else self.fast
        store.objects[location.key] = b"damaged"

    async def stage(self, request: StageRequest) -> Staged:
        """An object that is to be put into one of the stores."""
        name = self.chosen or self._chance.choice([FAST, SLOW])
        return await self.together.stage_in(name, request)


@asynccontextmanager
async def two_stores(folder: Path, seed: int = 1) -> AsyncIterator[TwoStores]:
    """Empty ones."""
    clock = Clock()
    async with open_index(folder, now_us=clock, durability=Durability.RELAXED) as index:
        yield TwoStores(index, seed)
