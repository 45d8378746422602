"""Many files to one DICOMweb server, in requests of a bounded number and size.

Where a request of several fails, each of its files is sent again by itself: so one that the server
cannot take fails alone. A file that it has already is one that it has (PS3.18 section 10.5).
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Generic, TypeVar

import anyio

from pacsd.dicom.status import Status
from pacsd.dicomweb.store_response import StoreResponse
from pacsd.net.one_by_one import OneByOne
from pacsd.net.sending import Outcome
from pacsd.net.web_client.errors import (
    Broken,
    NoAnswerInTime,
    Refused,
    UnreadableInstance,
    WebError,
)
from pacsd.net.web_client.refusal import FOR_ALL
from pacsd.net.web_client.session import WebSession
from pacsd.net.web_client.storing import FileToStore, store

MAX_FILES = 50
MAX_BYTES = 32 << 20
"""What a request has at most, but for a single file that is longer."""

MAX_ATTEMPTS = 2
"""How often a file is sent by itself that gets no answer."""

MAX_FRUITLESS = 10
"""After so many files in a row that got no answer to use the server is given up."""

MAX_SILENT = 2
"""After so many requests in a row, of which the server said nothing for as long as it is waited."""

_TOO_LARGE = 413

FileT = TypeVar("FileT", bound=FileToStore)
Report = Callable[[FileT, Outcome], None]


class WebDelivery(Generic[FileT]):
    """One run. `report` is told of each file, in the order in which they are answered."""

    def __init__(
        self, session: WebSession, report: Report[FileT], requests_at_once: int = 1
    ) -> None:
        self._session = session
        self._report = report
        self._requests_at_once = requests_at_once
        self._is_one_by_one = False
        self._fruitless = 0
        self._failure: WebError | None = None

    async def run(self, files: AsyncIterator[Sequence[FileT]]) -> None:
        """Send all; they come in groups, the next when the last one has been taken.

        Raises:
            WebError: the server cannot be reached, or takes nothing. What had not been reported by
                then was not stored, or nobody knows.
        """
        batches = OneByOne(_batches(files))
        async with anyio.create_task_group() as tasks:
            for number in range(self._requests_at_once):
                tasks.start_soon(self._work, batches, name=f"STOW-RS requests {number + 1}")
        if self._failure is not None:
            raise self._failure

    async def _work(self, batches: OneByOne[Sequence[FileT]]) -> None:
        while self._failure is None and (batch := await batches.take()) is not None:
            try:
                await self._deliver(batch)
            except WebError as error:
                self._failure = error

    async def _deliver(self, batch: Sequence[FileT]) -> None:
        """Send a request, or several where that one fails."""
        rest = batch
        if len(batch) > 1 and not self._is_one_by_one:
            rest = await self._together(batch)
        for file in rest:
            if self._failure is not None:
                return
            await self._alone(file)

    async def _together(self, batch: Sequence[FileT]) -> Sequence[FileT]:
        """Send them in one request; those of which nothing is known then."""
        while len(batch) > 1:
            try:
                said = await store(self._session, batch)
            except UnreadableInstance as error:
                self._report(batch[error.position], Outcome(None, str(error)))
                batch = [*batch[: error.position], *batch[error.position + 1 :]]
                continue
            except (Broken, Refused) as error:
                self._learn(error)
                self._fruitless += isinstance(error, NoAnswerInTime)
                return batch
            self._fruitless = 0
            return [file for file in batch if not self._told(file, said)]
        return batch

    async def _alone(self, file: FileT) -> None:
        try:
            said = await self._answer(file)
        except UnreadableInstance as error:
            self._report(file, Outcome(None, str(error)))
        except (Broken, Refused) as error:
            self._learn(error)
            self._fruitless += 1
            is_silent = isinstance(error, NoAnswerInTime)
            if self._fruitless > (MAX_SILENT if is_silent else MAX_FRUITLESS):
                raise
            self._report(file, Outcome(None, str(error)))
        else:
            self._fruitless = 0
            if not self._told(file, said):
                self._report(file, _only_one(file, said))

    async def _answer(self, file: FileT) -> StoreResponse:
        for _ in range(MAX_ATTEMPTS - 1):
            try:
                return await store(self._session, [file])
            except NoAnswerInTime:
                raise
            except Broken:
                continue
        return await store(self._session, [file])

    def _told(self, file: FileT, said: StoreResponse) -> bool:
        """Report what the server says of a file, if it does."""
        status = said.statuses.get(file.sop_instance_uid)
        if status is None:
            return False
        self._report(file, _outcome(file, status, said))
        return True

    def _learn(self, error: WebError) -> None:
        """Give up where nothing else would be answered otherwise; send less where that may help.

        Raises:
            Refused: whatever was sent in the same way would be refused as well.
        """
        if isinstance(error, Refused) and error.status in FOR_ALL:
            raise error
        if isinstance(error, Refused) and error.status == _TOO_LARGE:
            self._is_one_by_one = True


def _only_one(file: FileToStore, said: StoreResponse) -> Outcome:
    """What became of the one file of a request, which the server calls by another name or none."""
    statuses = (*said.statuses.values(), *said.unnamed)
    if len(statuses) == 1:
        return _outcome(file, statuses[0], said)
    return Outcome(None, "the server's answer does not say what became of it")


def _outcome(file: FileToStore, status: int, said: StoreResponse) -> Outcome:
    # Where something failed the words are taken to be about that: they do not say of which.
    is_all_well = {*said.statuses.values(), *said.unnamed} == {Status.SUCCESS}
    comment = _why(said) if is_all_well or status != Status.SUCCESS else ""
    return Outcome(status, comment, file.transfer_syntax_uid, file.size_bytes)


def _why(said: StoreResponse) -> str:
    """What the server says beside the statuses: it does not say of which of several."""
    if not said.warned or len(said) == 1:
        return said.warned
    return f"of this request the server says: {said.warned}"


async def _batches(
    groups: AsyncIterator[Sequence[FileT]],
) -> AsyncIterator[Sequence[Sequence[FileT]]]:
    async for group in groups:
        yield list(_divided(group))


def _divided(files: Sequence[FileT]) -> Iterator[Sequence[FileT]]:
    """Requests with as much as may be in one, and no SOP Instance UID twice: answers go by it."""
    batch: list[FileT] = []
    uids: set[str] = set()
    size_bytes = 0
    for file in files:
        is_full = len(batch) == MAX_FILES or size_bytes + file.size_bytes > MAX_BYTES
        if batch and (is_full or file.sop_instance_uid in uids):
            yield batch
            batch, uids, size_bytes = [], set(), 0
        batch.append(file)
        uids.add(file.sop_instance_uid)
        size_bytes += file.size_bytes
    if batch:
        yield batch
