"""Frames of an instance: one, or some of them, as they are stored (PS3.18 section 10.4.1.1.6)."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

from aiohttp.web import StreamResponse

from pacsd.archive.frame_reading import BrokenPixels, Frames, NoPixels
from pacsd.archive.retrievable import Retrievable
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN
from pacsd.dicomweb.accept import Choice, Representation
from pacsd.dicomweb.errors import NotAcceptable, NotFound
from pacsd.dicomweb.targets import Target
from pacsd.net.web.exchange import Exchange
from pacsd.net.web.long_work import off_loop_if_many
from pacsd.net.web.payload import Part, send_parts
from pacsd.net.web.pixel_media_types import OCTET_STREAM, media_type_of_syntax
from pacsd.net.web.selection import Retrieves, the_instance
from pacsd.net.web.tags import tag_of, tagged, unchanged
from pacsd.net.web.trail import Trail
from pacsd.net.web.transcoded_frames import TranscodedFrames

_NAMES_SYNTAX = "transfer-syntax="


class ReadsFrames(Protocol):
    """Who reads frames; see `FrameReader`."""

    async def open(self, instance: Retrievable) -> Frames:
        """Where the frames of an instance lie.

        Raises:
            NoPixels: it has none.
            BrokenPixels: they cannot be told apart.
            OSError: nobody can tell.
        """

    def read(self, frames: Frames, index: int) -> AsyncGenerator[bytes, None]:
        """A frame, counted from 0."""


class FrameDesk:
    """Answers requests for frames."""

    def __init__(
        self,
        retriever: Retrieves,
        reader: ReadsFrames,
        trail: Trail,
        transcoded: TranscodedFrames | None = None,
    ) -> None:
        self._retriever = retriever
        self._trail = trail
        self._reader = reader
        self._transcoded = transcoded

    async def answer(self, exchange: Exchange) -> StreamResponse:
        """The frames, in the order in which they are asked for.

        Raises:
            DicomWebError: one is not there, or not in what the client takes.
            FindError: the index cannot be read.
            OSError: they cannot be read.
        """
        target = exchange.target
        locate = partial(self._retriever.locate, sight=exchange.sight)
        instance = await the_instance(locate, target)
        frames = await self._open(instance, target)
        if max(target.frames) > len(frames):
            rule = f"is more than the {len(frames)} of the instance"
            raise NotFound("frames", str(max(target.frames)), rule)
        return await self._send(
            exchange, instance, frames, [number - 1 for number in target.frames]
        )

    async def answer_all(self, exchange: Exchange, instance: Retrievable) -> StreamResponse:
        """All frames of an instance; errors as for `answer`."""
        frames = await self._open(instance, exchange.target)
        return await self._send(exchange, instance, frames, range(len(frames)))

    async def _send(
        self,
        exchange: Exchange,
        instance: Retrievable,
        frames: Frames,
        indices: Sequence[int],
    ) -> StreamResponse:
        choice, is_as_stored = await self._choose(exchange, frames, len(indices))
        tag = tag_of(exchange, [instance], f"{choice}")
        tag = tag if is_as_stored else f"W/{tag}"
        not_modified = unchanged(exchange, tag)
        if not_modified is not None:
            return not_modified
        if not is_as_stored:
            frames = await self._other_frames(exchange, instance, frames, choice)
        parts_of = partial(self._parts, exchange, frames, indices, choice)
        parts = await off_loop_if_many(parts_of, len(indices))
        await self._trail.viewed(exchange)
        return await send_parts(exchange, choice, parts, headers=tagged(tag))

    async def _choose(self, exchange: Exchange, frames: Frames, count: int) -> tuple[Choice, bool]:
        """What the client takes, and whether it is as stored; a codec is asked last.

        Raises:
            NotAcceptable: it takes nothing that can be had.
        """
        said = [*exchange.accept, *exchange.accepted]
        try:
            return exchange.choose(_offers(frames, count, said)), True
        except NotAcceptable:
            if self._transcoded is None:
                raise
            offers = await self._transcoded.offers(frames.transfer_syntax_uid, count)
            if not offers:
                raise
            return exchange.choose(offers), False

    async def _other_frames(
        self, exchange: Exchange, instance: Retrievable, frames: Frames, choice: Choice
    ) -> Frames:
        """The same frames, transcoded.

        Raises:
            NotAcceptable: they cannot be, or become more or less.
        """
        assert self._transcoded is not None  # noqa: S101 - who offered them
        made = await self._transcoded.frames(exchange, instance, choice.transfer_syntax)
        if len(made) != len(frames):
            rule = f"the codec makes {len(made)} frames of {len(frames)}"
            raise NotAcceptable("transfer-syntax", choice.transfer_syntax, rule)
        return made

    async def _open(self, instance: Retrievable, target: Target) -> Frames:
        try:
            return await self._reader.open(instance)
        except NoPixels:
            raise NotFound("instance", target.sop_instance_uid, "has no pixels") from None
        except BrokenPixels as error:
            rule = f"has no frames that can be told apart: {error}"
            raise NotFound("instance", target.sop_instance_uid, rule) from None

    def _parts(
        self, exchange: Exchange, frames: Frames, indices: Sequence[int], choice: Choice
    ) -> Sequence[Part]:
        return [self._part(exchange, frames, index, choice) for index in indices]

    def _part(self, exchange: Exchange, frames: Frames, index: int, choice: Choice) -> Part:
        target = replace(exchange.target, frames=(index + 1,))
        return Part(
            partial(self._reader.read, frames, index),
            frames.size_bytes(index),
            choice.transfer_syntax,
            exchange.url(target),
        )


def _offers(frames: Frames, count: int, accept: Sequence[str]) -> list[Representation]:
    """What frames can be had as, the default first; one alone also by itself."""
    syntax = EXPLICIT_VR_LITTLE_ENDIAN if frames.is_native else frames.transfer_syntax_uid
    media_types = [media_type_of_syntax(syntax)]
    if not frames.is_native and any(_NAMES_SYNTAX in each for each in accept):
        # Bytes alone are samples (PS3.18 section 8.7.3.3), unless somebody minds the syntax.
        media_types.append(OCTET_STREAM)
    return [
        Representation(media_type, is_multipart=is_multipart, stored=syntax)
        for is_multipart in ((True, False) if count == 1 else (True,))
        for media_type in media_types
    ]
