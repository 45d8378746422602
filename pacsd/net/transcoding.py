"""What can leave in a Transfer Syntax that only a codec can make of the stored one.

The core has no codecs; who has some implements `Transcoding`. Without any nothing is different.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

import anyio

from pacsd.dicom.headers import Buffer


class NotTranscoded(OSError):
    """An object cannot be had in another Transfer Syntax; the text says why, without its values."""


class NotTranscodedNow(NotTranscoded):
    """It may be possible later: there is no room, or no time."""


class TranscodingEnded(Exception):
    """Nobody wants the object any more."""


@dataclass(frozen=True, slots=True)
class Ways:
    """Into which Transfer Syntaxes objects can be put, by UID of the one they are stored in.

    The best to have come first. What the core re-encodes by itself is not among them.
    """

    targets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, transfer_syntax_uid: str) -> tuple[str, ...]:
        """Those for what is stored so."""
        return self.targets.get(transfer_syntax_uid, ())


NO_WAYS = Ways()


@dataclass(frozen=True, slots=True)
class Original:
    """An object as it would leave without; `open` gives its data set, as `Outbound.open` does."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    open: Callable[[], AsyncGenerator[Buffer, None]]


class DataSet(Protocol):
    """A data set that was transcoded."""

    def pieces(self) -> AsyncGenerator[Buffer, None]:
        """It, in bounded pieces; of even length.

        Raises:
            OSError: it cannot be read.
            DicomError: it cannot be re-encoded.
        """


class Transcoding(Protocol):
    """Who has codecs."""

    async def ways(self) -> Ways:
        """What they can do now."""

    def transcoded(
        self, original: Original, target_uid: str
    ) -> AbstractAsyncContextManager[DataSet]:
        """The object in another Transfer Syntax, for the time of a block; whole before it begins.

        Raises:
            NotTranscoded: it cannot be had so.
            OSError, DicomError: the original cannot be read.
        """


class NoTranscoding:
    """Has none."""

    async def ways(self) -> Ways:
        """Nothing."""
        return NO_WAYS

    @asynccontextmanager
    async def transcoded(
        self, original: Original, target_uid: str
    ) -> AsyncGenerator[DataSet, None]:
        """Never."""
        raise NotTranscoded(f"no codec makes {target_uid} of {original.transfer_syntax_uid}")
        yield


NO_TRANSCODING = NoTranscoding()


class EndingTranscoding:
    """The codecs of another for one run of many objects, which may end while they work."""

    def __init__(self, transcoding: Transcoding) -> None:
        self._transcoding = transcoding
        self._scopes: set[anyio.CancelScope] = set()
        self._is_ended = False

    def end(self) -> None:
        """Have nothing more transcoded, and wait for nothing that is being."""
        self._is_ended = True
        for scope in self._scopes:
            scope.cancel()

    async def ways(self) -> Ways:
        """As the other says."""
        return await self._transcoding.ways()

    @asynccontextmanager
    async def transcoded(
        self, original: Original, target_uid: str
    ) -> AsyncGenerator[DataSet, None]:
        """As the other does it. What has been made by the end may still be used.

        Raises:
            TranscodingEnded: it was to end before.
        """
        made: DataSet | None = None
        async with AsyncExitStack() as stack:
            with anyio.CancelScope() as scope:
                self._scopes.add(scope)
                try:
                    if not self._is_ended:
                        begun = self._transcoding.transcoded(original, target_uid)
                        made = await stack.enter_async_context(begun)
                finally:
                    self._scopes.discard(scope)
            if made is None:
                raise TranscodingEnded
            yield made
