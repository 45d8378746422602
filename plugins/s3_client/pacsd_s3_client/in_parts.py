"""An object put in parts, so that none of them is left when it fails or is cancelled."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import anyio
import obstore
from obstore.exceptions import BaseError

from pacsd_s3_client.faults import far_error

if TYPE_CHECKING:
    from obstore import Attributes
    from obstore.store import ObjectStore

PARTS_AT_ONCE = 2

TIDIES_WITHIN_S = 5.0
"""So long one that is cancelled may take to remove its parts."""


class GivenUpError(Exception):
    """An upload was told to end."""


class InParts:
    """One upload. The client removes the parts when a request fails, or the pieces do.

    When it is cancelled it does not: so it is not broken off, but given pieces that fail.
    """

    def __init__(
        self, store: "ObjectStore", name: str, pieces: AsyncIterator[bytes], part_bytes: int
    ) -> None:
        self._store = store
        self._name = name
        self._pieces = pieces
        self._part_bytes = part_bytes
        self._is_given_up = False
        self._is_over = anyio.Event()
        self._scope = anyio.CancelScope(shield=True)
        self._failure: Exception | None = None
        self._failure_of_pieces: Exception | None = None
        self._etag = ""

    async def put(self, attributes: "Attributes") -> str:
        """Put it, once; its ETag.

        Raises:
            FarError: why not.
            Exception: what its pieces raise.
        """
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._run, attributes, name="upload in parts")
            try:
                await self._is_over.wait()
            finally:
                self._is_given_up = True
                self._scope.deadline = anyio.current_time() + TIDIES_WITHIN_S
        failure = self._failure_of_pieces or self._failure
        if failure is not None:
            raise failure
        return self._etag

    async def _run(self, attributes: "Attributes") -> None:
        with self._scope:
            try:
                done = await obstore.put_async(
                    self._store,
                    self._name,
                    self._watched(),
                    attributes=attributes,
                    use_multipart=True,
                    chunk_size=self._part_bytes,
                    max_concurrency=PARTS_AT_ONCE,
                )
                self._etag = done["e_tag"] or ""
            except (BaseError, OSError, ValueError) as error:
                self._failure = far_error(error)
            except Exception as error:  # noqa: BLE001 - whoever asked is told
                self._failure = error
            finally:
                self._is_over.set()

    async def _watched(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._pieces:
                self._check_given_up()
                yield piece
        except Exception as error:
            self._failure_of_pieces = error
            raise

    def _check_given_up(self) -> None:
        if self._is_given_up:
            raise GivenUpError


async def no_pieces() -> AsyncIterator[bytes]:
    """What an upload is given that is only begun, to see whether it may be."""
    raise GivenUpError
    yield b""  # with this it is an iterator
