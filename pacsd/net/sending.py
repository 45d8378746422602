"""C-STORE as SCU (PS3.4 annex B): one instance over an association."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass

from pacsd.dicom.headers import Buffer
from pacsd.dicom.reencode import REENCODABLE, Reencoder, is_reencodable
from pacsd.dicom.registry import transfer_syntax
from pacsd.dicom.status import StatusCategory, category
from pacsd.dicom.text import printable
from pacsd.dimse.commands import CStoreRQ, Priority
from pacsd.net import data_sets
from pacsd.net.errors import NotAccepted
from pacsd.net.invoking import Invoking
from pacsd.net.store_contexts import StoredAs, choose
from pacsd.net.throttle import NO_THROTTLE, Throttle
from pacsd.net.transcoding import NO_TRANSCODING, Original, Transcoding
from pacsd.ul.negotiation import PresentationContext

OpenDataSet = Callable[[], AsyncGenerator[Buffer, None]]


@dataclass(frozen=True, slots=True)
class MoveOriginator:
    """Whose C-MOVE a C-STORE is a sub-operation of (PS3.7 sections 9.1.1.1.6 and 9.1.1.1.7)."""

    ae_title: str
    message_id: int


@dataclass(frozen=True, slots=True)
class Outbound:
    """An instance that is to be sent.

    `open` gives its data set as it is stored, each time anew, in buffers of even length but for the
    last if the whole is not `is_even`. Such a data set breaks PS3.5 section 7.1.1; and DCMTK aborts
    at an odd fragment, Orthanc 1.10 does not answer at all. So it is padded when it is sent.
    """

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    open: OpenDataSet
    is_even: bool = True
    priority: Priority = Priority.MEDIUM
    move_originator: MoveOriginator | None = None

    @property
    def stored_as(self) -> StoredAs:
        """What must be negotiated for it."""
        return StoredAs(self.sop_class_uid, self.transfer_syntax_uid)

    @property
    def original(self) -> Original:
        """What would have to be transcoded of it."""
        return Original(
            self.sop_class_uid, self.sop_instance_uid, self.transfer_syntax_uid, self.open
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an instance.

    `status` is the peer's, None when there was none; `comment` its Error Comment, or why not.
    `transfer_syntax_uid` is that in which it was sent.
    """

    status: int | None
    comment: str = ""
    transfer_syntax_uid: str = ""
    data_set_bytes: int = 0

    @property
    def is_stored(self) -> bool:
        """Whether the peer has it, with or without a warning."""
        accepted = {StatusCategory.SUCCESS, StatusCategory.WARNING}
        return self.status is not None and category(self.status) in accepted


async def send(
    association: Invoking,
    instance: Outbound,
    transcoding: Transcoding = NO_TRANSCODING,
    throttle: Throttle = NO_THROTTLE,
) -> Outcome:
    """Send an instance in a Transfer Syntax that both sides accepted, and wait for the response.

    What has to be transcoded for that is, before anything of it is sent; then it leaves as fast as
    the throttle lets it.

    Raises:
        NotAccepted: it accepted none; nothing was sent.
        NotTranscoded: it accepted only what cannot be made of this instance; nothing was sent.
        AssociationError: the association ended before the response came.
        OSError, DicomError, DimseError: the data set cannot be read, re-encoded or named. The
            association lives if that was found before the first chunk, else it is aborted.
    """
    accepted = association.session.contexts_as_scu()
    context = await _choose(list(accepted), instance, transcoding)
    async with AsyncExitStack() as stack:
        if is_reencodable(instance.transfer_syntax_uid, context.transfer_syntax):
            data_set = await stack.enter_async_context(aclosing(instance.open()))
            encoded = _encoded(instance, context, data_set)
        else:
            made = transcoding.transcoded(instance.original, context.transfer_syntax)
            data_set = encoded = (await stack.enter_async_context(made)).pieces()
            await stack.enter_async_context(aclosing(data_set))
        if encoded is not data_set:
            await stack.enter_async_context(aclosing(encoded))
        await throttle.begin()
        paced = await stack.enter_async_context(aclosing(throttle.paced(encoded)))
        counted = _Counted(paced)
        request = _request(association.session.next_message_id(), instance)
        response = await association.perform(context, request, counted)
    comment = printable(response.error_comment)
    return Outcome(response.status, comment, context.transfer_syntax, counted.bytes)


async def _choose(
    accepted: Sequence[PresentationContext], instance: Outbound, transcoding: Transcoding
) -> PresentationContext:
    """The context to send it over; codecs are asked last.

    Raises:
        NotAccepted: there is none.
    """
    try:
        return choose(accepted, instance.stored_as)
    except NotAccepted:
        ways = await transcoding.ways()
        if not ways.of(instance.transfer_syntax_uid):
            raise
    return choose(accepted, instance.stored_as, ways)


def _request(message_id: int, instance: Outbound) -> CStoreRQ:
    originator = instance.move_originator
    return CStoreRQ(
        message_id=message_id,
        affected_sop_class_uid=instance.sop_class_uid,
        affected_sop_instance_uid=instance.sop_instance_uid,
        priority=instance.priority,
        move_originator_ae_title=originator.ae_title if originator else "",
        move_originator_message_id=originator.message_id if originator else None,
    )


class _Counted(AsyncIterator[Buffer]):
    """Passes buffers on and counts their bytes."""

    def __init__(self, buffers: AsyncIterator[Buffer]) -> None:
        self._buffers = buffers
        self.bytes = 0

    async def __anext__(self) -> Buffer:
        buffer = await anext(self._buffers)
        self.bytes += len(buffer)
        return buffer


def _encoded(
    instance: Outbound, context: PresentationContext, data_set: AsyncGenerator[Buffer, None]
) -> AsyncGenerator[Buffer, None]:
    """The data set as the context wants it: mostly as it is."""
    source = transfer_syntax(instance.transfer_syntax_uid)
    target = transfer_syntax(context.transfer_syntax)
    is_same = instance.transfer_syntax_uid == context.transfer_syntax
    if source is None or target is None or (is_same and instance.is_even):
        return data_set
    if is_same and source.is_deflated:
        return data_sets.pad(data_set)
    if is_same and source.uid not in REENCODABLE:
        return data_set  # as it is: nobody but a codec could mend it
    return data_sets.reencode(data_set, Reencoder(source, target))
