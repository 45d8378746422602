"""The stores as ingest sees them: whether each has room and health, and where an object is staged.

The first one stands for the way in: where it takes nothing, nothing comes in. Another one that does
not refuses only what is chosen for it. They are asked side by side, and nobody who stores waits for
an answer.
"""

from collections.abc import Mapping

import anyio
from anyio.abc import TaskGroup, TaskStatus

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import BlobStore, Staged, StageRequest
from pacsd.archive.instance import StoreHealth
from pacsd.archive.observer import Concern, IngestObserver
from pacsd.archive.statuses import ANSWER_S
from pacsd.archive.stores import StoresTogether, parts_of
from pacsd.archive.watermark import Watermark

STATUS_INTERVAL_S = 5.0


class Shelves:
    """One store or several, each with its watermark; `observer` is told when one changes.

    They are asked while `run` runs.
    """

    def __init__(
        self,
        store: BlobStore,
        name: str,
        observer: IngestObserver,
        *,
        min_free_bytes: int,
        min_free_inodes: int,
    ) -> None:
        self._store = store
        self._observer = observer
        parts = parts_of(store, name)
        self._marks = {
            each: Watermark(
                part,
                min_free_bytes=min_free_bytes,
                min_free_inodes=min_free_inodes,
                called="store" if len(parts) == 1 else f"store {each}",
            )
            for each, part in parts.items()
        }
        self._told: dict[str, Concern | None] = dict.fromkeys(self._marks)
        self._first = next(iter(self._marks.values()))
        self._tasks: TaskGroup | None = None
        self._answers: dict[str, anyio.Event] = {}
        self._late: set[str] = set()
        self._is_wanted = anyio.Event()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the stores, the first one first."""
        return tuple(self._marks)

    @property
    def refusal(self) -> str | None:
        """Why nothing is taken in, None when objects may come."""
        return self._first.refusal

    @property
    def refusals(self) -> list[str]:
        """Why stores take nothing in, a sentence for each that does not."""
        return [mark.refusal for mark in self._marks.values() if mark.refusal is not None]

    @property
    def door(self) -> str | None:
        """Why nobody new may come to store, None when they may."""
        return self._first.door

    @property
    def warning(self) -> str | None:
        """Why somebody should look at the stores, None when all is well."""
        said = [mark.warning for mark in self._marks.values() if mark.warning is not None]
        return "; ".join(said) or None

    def health(self) -> Mapping[str, StoreHealth]:
        """How each store is doing, by its name."""
        return {name: StoreHealth(mark.refusal, mark.warning) for name, mark in self._marks.items()}

    async def run(self, *, task_status: TaskStatus[None]) -> None:
        """Ask every few seconds, and when somebody wants it; started once they have been asked.

        A full disk may get room while nothing is stored.
        """
        try:
            async with anyio.create_task_group() as tasks:
                self._tasks = tasks
                await self.refresh()
                task_status.started()
                while True:
                    with anyio.move_on_after(STATUS_INTERVAL_S):
                        await self._is_wanted.wait()
                    self._is_wanted = anyio.Event()
                    await self.refresh()
        finally:
            self._tasks = None
            self._answers.clear()

    def look_soon(self) -> None:
        """Have the stores asked now; does not wait."""
        self._is_wanted.set()

    async def refresh(self) -> None:
        """Ask the stores how they are, while `run` runs; whoever observes is told of what is new.

        Returns once each has answered, or is late: what it answers then counts from then on.
        """
        waiting = {name: self._ask(name) for name in self._marks}
        with anyio.move_on_after(ANSWER_S):
            for name, answer in waiting.items():
                if name not in self._late:
                    await answer.wait()
            return
        for name in self._answers.keys() - self._late:
            self._late.add(name)
            self._marks[name].is_late(ANSWER_S)
            self._tell(name)

    def _ask(self, name: str) -> anyio.Event:
        """Ask one store, unless it has not answered the last time yet."""
        if self._tasks is None:
            raise RuntimeError("refresh before run")
        if name not in self._answers:
            self._answers[name] = anyio.Event()
            self._tasks.start_soon(self._hear, name, name=f"ingest: status of {name}")
        return self._answers[name]

    async def _hear(self, name: str) -> None:
        try:
            await self._marks[name].refresh()
            self._tell(name)
        finally:
            self._late.discard(name)
            answer = self._answers.pop(name, None)
            if answer is not None:
                answer.set()

    def _tell(self, name: str) -> None:
        now = self._marks[name].concern
        before, self._told[name] = self._told[name], now
        if (before and before.kind) != (now and now.kind):
            self._observer.concern_changed(before, now)

    async def stage_in(self, name: str, request: StageRequest) -> Staged:
        """Open an object in the store of that name.

        Raises:
            StoreError: it takes nothing in.
        """
        refusal = self._marks[name].refusal if name in self._marks else None
        if refusal is not None:
            raise StoreError(StoreFault.NOT_ADMITTED, refusal)
        if isinstance(self._store, StoresTogether):
            return await self._store.stage_in(name, request)
        return await self._store.stage(request)
