"""Storage commitment over the associations of peers (PS3.4 annex J): asked of us, and told to us.

N-ACTION, as SCP: the wish is durable before it is answered, and the result is reported later.
N-EVENT-REPORT, as SCU: a peer that was asked says what it keeps.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import anyio.to_thread

from pacsd.archive.commitments import CommitmentAsked, HearsResults, Taken, TakesCommitments
from pacsd.archive.finding import IndexUnavailable
from pacsd.dicom.commitment import (
    ACTION_REQUEST,
    COMMITMENT_INSTANCE,
    EVENT_FAILURES,
    EVENT_SUCCESS,
    MAX_INFORMATION_BYTES,
    REFERENCED_SOP_SEQUENCE,
    STORAGE_COMMITMENT,
    read_request,
    read_result,
)
from pacsd.dicom.errors import CommitmentError
from pacsd.dicom.registry import TransferSyntax, transfer_syntax
from pacsd.dicom.status import Status
from pacsd.dimse.commands import NActionRQ, NEventReportRQ
from pacsd.net.commitment_lines import AskingLine, CommitmentLines
from pacsd.net.storage import Caller, DataSetSink, DimseAnswer, RefusedSink
from pacsd.ul.negotiation import PresentationContext
from pacsd.ul.pdu import Buffer

_SHORT_BYTES = 16 * 1024
"""So much is read on the event loop; to read a longer one takes a while."""

_SUCCESS = DimseAnswer(Status.SUCCESS)
_NOT_TAKEN = {
    Taken.DUPLICATE: DimseAnswer(Status.DUPLICATE_TRANSACTION_UID, "Transaction UID is in use"),
    Taken.FULL: DimseAnswer(Status.RESOURCE_LIMITATION, "Too many transactions are open"),
}

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Committing:
    """What storage commitment needs: who takes what peers ask, and who hears what they say.

    `knows` says whether an AE title is that of a peer in the peers file: only those tell us
    anything. `lines` are the associations over which was asked.
    """

    takes: TakesCommitments
    hears: HearsResults
    knows: Callable[[str], bool]
    lines: CommitmentLines = field(default_factory=CommitmentLines)


class InformationSink:
    """Takes Action or Event Information, of which all must be here before anything can be done."""

    def __init__(self, syntax: TransferSyntax) -> None:
        self._syntax = syntax
        self._raw = bytearray()
        self._is_too_long = False

    @property
    def is_congested(self) -> bool:
        """Never: it has a bound."""
        return False

    def write(self, data: Buffer) -> None:
        """Take a fragment; of what is longer than may be, nothing."""
        if len(self._raw) + len(data) > MAX_INFORMATION_BYTES:
            self._is_too_long = True
            self._raw.clear()
        elif not self._is_too_long:
            self._raw += data

    async def abort(self, reason: str) -> None:
        """Nothing was begun."""

    def cancel(self) -> None:
        """What was received whole is done: N-services know no cancellation."""

    async def read(self, reader: Callable[[Buffer, TransferSyntax], Read]) -> Read:
        """What it says.

        Raises:
            CommitmentError: that cannot be read, or is too much.
        """
        if self._is_too_long:
            text = f"more than {MAX_INFORMATION_BYTES} bytes"
            raise CommitmentError(Status.RESOURCE_LIMITATION, REFERENCED_SOP_SEQUENCE, text)
        raw = bytes(self._raw)
        if len(raw) <= _SHORT_BYTES:
            return reader(raw, self._syntax)
        return await anyio.to_thread.run_sync(partial(reader, raw, self._syntax))


class RequestSink(InformationSink):
    """One N-ACTION."""

    def __init__(
        self, committing: Committing, syntax: TransferSyntax, caller: Caller, line: AskingLine
    ) -> None:
        super().__init__(syntax)
        self._committing = committing
        self._caller = caller
        self._line = line

    async def finish(self) -> DimseAnswer:
        """Have it noted durably, then say so (PS3.4 section J.3.2.1.3)."""
        try:
            request = await self.read(read_request)
        except CommitmentError as error:
            return _refusal(error)
        asked = CommitmentAsked(self._caller.calling_ae, self._caller.called_ae, request)
        # It may be judged before the peer is told that it was taken.
        self._committing.lines.note(asked.peer_ae, request.transaction_uid, self._line)
        try:
            taken = await self._committing.takes.take(asked)
        except IndexUnavailable as error:
            self._committing.lines.forget(asked.peer_ae, request.transaction_uid)
            return DimseAnswer(Status.PROCESSING_FAILURE, str(error))
        if taken is Taken.FULL:
            self._committing.lines.forget(asked.peer_ae, request.transaction_uid)
        return _NOT_TAKEN.get(taken, _SUCCESS)


class ResultSink(InformationSink):
    """One N-EVENT-REPORT of a peer; `peer_ae` is the peer that was asked."""

    def __init__(self, hears: HearsResults, syntax: TransferSyntax, peer_ae: str) -> None:
        super().__init__(syntax)
        self._hears = hears
        self._peer_ae = peer_ae

    async def finish(self) -> DimseAnswer:
        """Hand it to who asked; of a transaction that nobody began here, say so: 0115."""
        try:
            result = await self.read(read_result)
        except CommitmentError as error:
            return _refusal(error)
        try:
            is_heard = await self._hears.heard(self._peer_ae, result)
        except IndexUnavailable as error:
            return DimseAnswer(Status.PROCESSING_FAILURE, str(error))
        if is_heard:
            return _SUCCESS
        return DimseAnswer(Status.INVALID_ARGUMENT_VALUE, "Transaction UID is none of ours")


def begin_request(
    committing: Committing,
    context: PresentationContext,
    request: NActionRQ,
    caller: Caller,
    line: AskingLine,
) -> DataSetSink:
    """Take the Action Information of an N-ACTION, or refuse it (PS3.7 section 10.1.4.1.10)."""
    syntax = transfer_syntax(context.transfer_syntax)
    refusal = _misnamed(context, request.sop_class_uid, request.sop_instance_uid)
    if refusal is None and request.action_type_id != ACTION_REQUEST:
        text = f"Action Type ID {request.action_type_id} is not 1"
        refusal = DimseAnswer(Status.NO_SUCH_ACTION, text)
    if refusal is not None or syntax is None:
        return RefusedSink(refusal or DimseAnswer(Status.PROCESSING_FAILURE))
    return RequestSink(committing, syntax, caller, line)


def begin_result(
    hears: HearsResults, context: PresentationContext, request: NEventReportRQ, peer_ae: str
) -> DataSetSink:
    """Take the Event Information of a N-EVENT-REPORT, or refuse it (section 10.1.1.1.8)."""
    syntax = transfer_syntax(context.transfer_syntax)
    refusal = _misnamed(context, request.sop_class_uid, request.sop_instance_uid)
    if refusal is None and request.event_type_id not in (EVENT_SUCCESS, EVENT_FAILURES):
        text = f"Event Type ID {request.event_type_id} is not 1 or 2"
        refusal = DimseAnswer(Status.NO_SUCH_EVENT_TYPE, text)
    if refusal is not None or syntax is None:
        return RefusedSink(refusal or DimseAnswer(Status.PROCESSING_FAILURE))
    return ResultSink(hears, syntax, peer_ae)


def stranger_refused() -> DataSetSink:
    """Who is not in the peers file was asked nothing: 0124."""
    return RefusedSink(DimseAnswer(Status.NOT_AUTHORIZED, "Not a peer that was asked anything"))


def without_information() -> DimseAnswer:
    """The answer to a request without a data set: what is asked for, or told?"""
    return DimseAnswer(Status.INVALID_ARGUMENT_VALUE, "No data set")


def _misnamed(
    context: PresentationContext, sop_class_uid: str, sop_instance_uid: str
) -> DimseAnswer | None:
    """What is wrong with the names in a command; PS3.4 section J.3.5 has the only ones."""
    if not sop_class_uid == context.abstract_syntax == STORAGE_COMMITMENT:
        return DimseAnswer(Status.NO_SUCH_SOP_CLASS, "Not the SOP Class of this context")
    if sop_instance_uid != COMMITMENT_INSTANCE:
        return DimseAnswer(Status.NO_SUCH_SOP_INSTANCE, "Not the Push Model SOP Instance")
    return None


def _refusal(error: CommitmentError) -> DimseAnswer:
    return DimseAnswer(error.status, error.text)
