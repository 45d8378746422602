"""C-FIND as SCP (PS3.4 section C.4.1): an Identifier in, a pending response for each match out."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import anyio.lowlevel
import anyio.to_thread

from pacsd.archive.finding import FindError, IndexUnavailable, Match
from pacsd.archive.shown_results import NotTold
from pacsd.archive.sight import EVERYTHING, Sight
from pacsd.dicom.answer import AnswerWriter
from pacsd.dicom.data_set import SPECIFIC_CHARACTER_SET
from pacsd.dicom.errors import IdentifierError
from pacsd.dicom.headers import layout_of
from pacsd.dicom.identifier import (
    INSTANCE_AVAILABILITY,
    QUERY_RETRIEVE_LEVEL,
    RETRIEVE_AE_TITLE,
    Asked,
    Manner,
    Model,
    read_query,
)
from pacsd.dicom.identifier_bounds import MAX_IDENTIFIER_BYTES
from pacsd.dicom.query import Query, ReturnKey
from pacsd.dicom.registry import TransferSyntax, transfer_syntax
from pacsd.dicom.status import Status
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR
from pacsd.dimse.commands import CFindRQ
from pacsd.net.errors import AssociationError
from pacsd.net.information_models import FIND_MODELS
from pacsd.net.responses import Line, response_of
from pacsd.net.storage import Caller, DataSetSink, DimseAnswer, RefusedSink
from pacsd.ul.negotiation import PresentationContext
from pacsd.ul.pdu import Buffer

RESPONSES_AT_ONCE = 32
"""After so many responses others have their turn, and what was sent is written."""

_IN_THREAD = 64
"""So many answers are encoded on the event loop; for more a hop to a thread is cheaper."""

_SHORT_BYTES = 4 * 1024
"""An Identifier of so many bytes is read on the event loop; to read a longer one takes a while."""

_FLAGS = 4
# They say how or where, and are told whether or not they were asked for.
_TOLD = {QUERY_RETRIEVE_LEVEL: VR.CS, RETRIEVE_AE_TITLE: VR.AE}
_NO_MATTER = frozenset({*_TOLD, SPECIFIC_CHARACTER_SET, INSTANCE_AVAILABILITY})


Tell = Callable[[Query, Sequence[Match]], Awaitable[Sequence[Match]]]
"""What of a page of matches is told; raises FindError where that cannot be said."""


class Finds(Protocol):
    """Who answers queries; see `Finder`."""

    async def unsupported(self, query: Query) -> tuple[Tag, ...]:
        """What is asked for that entities of this level do not have."""

    def find(
        self, query: Query, zone_minutes: int | None = None, *, sight: Sight = EVERYTHING
    ) -> AsyncGenerator[Sequence[Match], None]:
        """What matches, a page at a time.

        Raises:
            FindError: it is not answered to its end.
        """


@dataclass(frozen=True, slots=True)
class Question:
    """How one C-FIND is to be read and answered; `own_ae` is who retrieves what is found."""

    request: CFindRQ
    syntax: TransferSyntax
    model: Model
    manner: Manner
    own_ae: str


class IdentifierSink:
    """Takes an Identifier, of which all must be here before anything can be done.

    `sight` is what its sender sees.
    """

    def __init__(self) -> None:
        self.sight = EVERYTHING
        self._identifier = bytearray()
        self._is_too_long = False
        self.is_cancelled = False

    @property
    def is_congested(self) -> bool:
        """Never: it has a bound."""
        return False

    def write(self, data: Buffer) -> None:
        """Take a fragment; of a longer one than anybody needs, no more."""
        if len(self._identifier) + len(data) > MAX_IDENTIFIER_BYTES:
            self._is_too_long = True
        else:
            self._identifier += data

    async def abort(self, reason: str) -> None:
        """Nothing was begun."""

    def cancel(self) -> None:
        """Answer FE00 as soon as possible."""
        self.is_cancelled = True

    def identifier(self) -> bytes:
        """The whole of it.

        Raises:
            IdentifierError: it was too long.
        """
        if self._is_too_long:
            text = f"Identifier of more than {MAX_IDENTIFIER_BYTES} bytes"
            raise IdentifierError(QUERY_RETRIEVE_LEVEL, text)
        return bytes(self._identifier)


async def tell_all(_: Query, matches: Sequence[Match]) -> Sequence[Match]:
    """Tell what was found as it is."""
    return matches


class FindSink(IdentifierSink):
    """One C-FIND; `tell` has the last word on what is told."""

    def __init__(
        self, finder: Finds, question: Question, line: Line, tell: Tell = tell_all
    ) -> None:
        super().__init__()
        self._tell = tell
        self._finder = finder
        self._question = question
        self._line = line

    async def finish(self) -> DimseAnswer:
        """Find, send a pending response for each match, and give the final one."""
        question = self._question
        try:
            return await self._find(await _read(self.identifier(), question))
        except IdentifierError as error:
            return mismatch(error)
        except (IndexUnavailable, NotTold) as error:
            return DimseAnswer(Status.UNABLE_TO_PROCESS, str(error))
        except FindError as error:
            return DimseAnswer(Status.OUT_OF_RESOURCES, str(error))
        except AssociationError:
            return DimseAnswer(Status.CANCEL)

    async def _find(self, asked: Asked) -> DimseAnswer:
        unknown = {*await self._finder.unsupported(asked.query), *asked.unmatched} - _NO_MATTER
        pending = DimseAnswer(Status.PENDING_WARNING if unknown else Status.PENDING, data_set=b"")
        response = response_of(self._question.request, pending)
        encode = _Encoder(asked, self._question)
        pages = self._finder.find(asked.query, asked.offset_minutes, sight=self.sight)
        async with aclosing(pages):
            async for page in pages:
                answers = await _encoded(encode, await self._tell(asked.query, page))
                for at in range(0, len(answers), RESPONSES_AT_ONCE):
                    if at:
                        await anyio.lowlevel.checkpoint()
                    await self._line.until_writable()
                    if self.is_cancelled:
                        return DimseAnswer(Status.CANCEL)
                    for answer in answers[at : at + RESPONSES_AT_ONCE]:
                        self._line.respond(response, answer)
                    self._line.flush_soon()  # the last ones go with the final response
        return DimseAnswer(Status.CANCEL if self.is_cancelled else Status.SUCCESS)


def begin_find(
    finder: Finds,
    context: PresentationContext,
    request: CFindRQ,
    caller: Caller,
    line: Line,
    tell: Tell = tell_all,
) -> DataSetSink:
    """Take the Identifier of a C-FIND, or refuse it."""
    model = FIND_MODELS.get(context.abstract_syntax)
    syntax = transfer_syntax(context.transfer_syntax)
    if model is None or syntax is None or request.sop_class_uid != context.abstract_syntax:
        answer = DimseAnswer(Status.SOP_CLASS_NOT_SUPPORTED, "Not the SOP Class of this context")
        return RefusedSink(answer)
    extended = caller.extended.get(context.abstract_syntax, b"")
    manner = manner_of(extended, names_are_exact=caller.names_are_exact)
    question = Question(request, syntax, model, manner, caller.called_ae)
    return FindSink(finder, question, line, tell)


def manner_of(extended: bytes, *, names_are_exact: bool) -> Manner:
    """How keys are matched after extended negotiation (PS3.4 table C.5-1)."""
    relational, combined, fuzzy, timezone = (
        byte == 1 for byte in extended[:_FLAGS].ljust(_FLAGS, b"\0")
    )
    return Manner(
        is_relational=relational,
        combines_datetimes=combined,
        is_fuzzy=fuzzy,
        adjusts_timezone=timezone,
        names_are_exact=names_are_exact,
    )


def mismatch(error: IdentifierError) -> DimseAnswer:
    """A900 (PS3.4 section C.4.1.1.4), with the attribute at fault."""
    return DimseAnswer(Status.DATA_SET_MISMATCH, error.text, (error.tag,))


async def _read(identifier: bytes, question: Question) -> Asked:
    read = partial(read_query, identifier, question.syntax, question.model, question.manner)
    if len(identifier) <= _SHORT_BYTES:
        return read()
    return await anyio.to_thread.run_sync(read)


class _Encoder:
    """Encodes matches of one query."""

    def __init__(self, asked: Asked, question: Question) -> None:
        keys = [key for key in asked.query.returned if key.tag not in _TOLD]
        keys += [ReturnKey(tag, vr) for tag, vr in _TOLD.items()]
        self._writer = AnswerWriter(keys, layout_of(question.syntax), asked.charset)
        self._same: Mapping[Tag, str] = {
            QUERY_RETRIEVE_LEVEL: asked.query.level.term,
            RETRIEVE_AE_TITLE: question.own_ae,
            INSTANCE_AVAILABILITY: "ONLINE",
        }

    def __call__(self, page: Sequence[Match]) -> list[bytes]:
        return [self._writer.write({**match, **self._same}) for match in page]


async def _encoded(encode: _Encoder, page: Sequence[Match]) -> list[bytes]:
    if len(page) <= _IN_THREAD:
        return encode(page)
    return await anyio.to_thread.run_sync(encode, page)
