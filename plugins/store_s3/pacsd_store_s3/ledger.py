"""The ledger: a durable record of what the far store has, and of what is still to be removed there.

Lost or torn it costs looking at objects again, no more: what it does not say is taken for not
uploaded, as long as the spool has it. Many who write at once share a flush; what need not be
durable at once is noted, and written with what comes next.
"""

from contextlib import suppress
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

from pacsd.api.errors import StoreError, StoreFault
from pacsd_store_s3.catalogue import Catalogue
from pacsd_store_s3.entries import Copied, Entry, Floor, decode, encode
from pacsd_store_s3.ledger_file import LedgerFile

GROWN_FACTOR = 4
"""With so many lines for each that says something new, the file is made anew."""

MIN_LINES = 65_536

WRITTEN_AFTER_S = 1.0
"""What was noted; a crash loses that much, and what it told is looked at again."""


class _Batch:
    """Entries that are flushed together, and how that went."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.is_durable = False
        self.is_over = False
        self.error: StoreError | None = None


class Ledger:
    """Writes what happens down, and only then into the catalogue."""

    def __init__(self, path: Path, catalogue: Catalogue) -> None:
        self._file = LedgerFile(path)
        self._catalogue = catalogue
        self._next = _Batch()
        self._one_writer = anyio.Lock()
        self._lines = 0
        self._noted: list[Entry] = []
        self._has_noted = anyio.Event()
        self._is_durable = True
        self._has_failed = False
        self._has_to_be_anew = True
        self.copies: dict[str, Copied] = {}
        """Copies that the ledger knew at the start, by their keys in the spool."""

    @property
    def is_broken(self) -> bool:
        """Whether the last that was to be written was not."""
        return self._has_failed

    async def open(self, *, floor_without: str) -> bool:
        """Read the file, and make it anew; `floor_without`: the floor when there is no file.

        Returns:
            Whether there was a file.

        Raises:
            OSError: it cannot be read or written.
        """
        lines = await anyio.to_thread.run_sync(self._file.read)
        if lines is None:
            self._catalogue.apply(Floor(floor_without))
        for line in lines or ():
            entry = decode(line)
            if isinstance(entry, Copied):
                self.copies[entry.spool_key] = entry
            elif entry is not None:
                self._catalogue.apply(entry)
        return lines is not None

    async def make_anew(self) -> None:
        """Write all that the catalogue knows into a new file; raises OSError."""
        async with self._one_writer:
            await self._make_anew([])

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def note(self, entry: Entry) -> None:
        """Take an entry into the catalogue, and write it down soon; it lasts after `settle`."""
        self._catalogue.apply(entry)
        self._noted.append(entry)
        self._is_durable = False
        self._has_noted.set()

    async def settle(self) -> None:
        """Have all that was noted until now last.

        Raises:
            StoreError: it may not.
        """
        if not self._is_durable:
            await self.write()

    async def run(self) -> None:
        """Write down what is noted, until cancelled; what cannot be is tried with the next."""
        while True:
            await self._has_noted.wait()
            await anyio.sleep(WRITTEN_AFTER_S)
            self._has_noted = anyio.Event()
            with suppress(StoreError):
                await self.write(durably=False)

    async def write(self, *entries: Entry, durably: bool = True) -> None:
        """Write entries down, then into the catalogue.

        Raises:
            StoreError: they are not written; nothing has changed.
        """
        batch = self._next
        batch.entries += entries
        batch.is_durable |= durably
        with anyio.CancelScope(shield=True):
            async with self._one_writer:
                if not batch.is_over:
                    self._next = _Batch()
                    await self._flush(batch)
        if batch.error is not None:
            raise StoreError(batch.error.fault, batch.error.explanation)

    async def _flush(self, batch: _Batch) -> None:
        # What of it is not written is in the catalogue, of which the file is made anew then.
        noted, self._noted = self._noted, []
        try:
            lines = [encode(entry) for entry in (*noted, *batch.entries)]
            if self._has_to_be_anew or self._has_grown():
                await self._make_anew(lines)
                self._is_durable = not self._noted
            else:
                self._has_to_be_anew = True
                work = partial(self._file.append, lines, sync=batch.is_durable)
                await anyio.to_thread.run_sync(work)
                self._has_to_be_anew = False
                self._lines += len(lines)
                self._is_durable = batch.is_durable and not self._noted
        except OSError as error:
            text = f"write the ledger: {error.strerror or type(error).__name__}"
            batch.error = StoreError(StoreFault.INPUT_OUTPUT, text)
            self._has_failed = True
        else:
            self._has_failed = False
            for entry in batch.entries:
                self._catalogue.apply(entry)
        finally:
            batch.is_over = True

    def _has_grown(self) -> bool:
        kept = len(self._catalogue.deleted) + self._catalogue.cached_objects
        return self._lines > GROWN_FACTOR * max(kept, MIN_LINES)

    async def _make_anew(self, more: list[str]) -> None:
        self._has_to_be_anew = True
        self._catalogue.forget_old()
        lines = [*map(encode, self._catalogue.entries()), *more]
        await anyio.to_thread.run_sync(self._file.replace, lines)
        self._has_to_be_anew = False
        self._lines = len(lines)
