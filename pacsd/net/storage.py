"""C-STORE as SCP: fragments to `archive.ingest`, its outcome to a response (PS3.4 Annex B)."""

from collections.abc import Callable
from dataclasses import dataclass

from pacsd.api.reception import DEFAULT_PARTITION, Reception
from pacsd.archive.ingest import Ingest, InstanceRequest
from pacsd.archive.intake import Intake
from pacsd.dicom.ae_title import printable
from pacsd.dicom.status import Status
from pacsd.dicom.uid import is_acceptable_uid
from pacsd.dimse.commands import CStoreRQ
from pacsd.ul.negotiation import PresentationContext
from pacsd.ul.pdu import Buffer


@dataclass(frozen=True, slots=True)
class Answer:
    """What the C-STORE-RSP says."""

    status: int
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose association the objects come over."""

    calling_ae: str
    called_ae: str
    address: str


class Store:
    """The data set of one operation on its way in; made by `begin_store`.

    Without an intake its answer is given beforehand: the data set is taken in all the same, since
    a peer reads no response before it has sent everything, and nothing of it is kept.
    """

    def __init__(self, intake: Intake | None, refusal: Answer) -> None:
        self.data_set_bytes = 0
        self._intake = intake
        self._refusal = refusal

    @property
    def is_congested(self) -> bool:
        """Whether the socket should pause until `on_drained`."""
        return self._intake is not None and self._intake.is_congested

    def write(self, data: Buffer) -> None:
        """Take a fragment; the buffer is free again afterwards."""
        self.data_set_bytes += len(data)
        if self._intake is not None:
            self._intake.write(data)

    async def finish(self) -> Answer:
        """The data set is complete: make it durable, then say so."""
        if self._intake is None:
            return self._refusal
        outcome = await self._intake.finish()
        return Answer(outcome.status, outcome.comment)

    async def abort(self, reason: str) -> None:
        """The association ended before the data set did: nothing of it stays."""
        if self._intake is not None:
            await self._intake.abort(reason)


def begin_store(
    ingest: Ingest,
    context: PresentationContext,
    request: CStoreRQ,
    caller: Caller,
    now_us: int,
    on_drained: Callable[[], None],
) -> Store:
    """Judge the command and open the object, or a refused one."""
    refusal = _judge(context, request)
    if refusal is not None:
        return Store(None, refusal)
    intake = ingest.begin(
        InstanceRequest(
            sop_class_uid=request.affected_sop_class_uid,
            sop_instance_uid=request.affected_sop_instance_uid,
            transfer_syntax_uid=context.transfer_syntax,
            reception=Reception(
                partition=DEFAULT_PARTITION,
                calling_ae=caller.calling_ae,
                called_ae=caller.called_ae,
                peer_address=caller.address,
                received_at_us=now_us,
                origin="dimse",
            ),
        )
    )
    intake.on_drained = on_drained
    return Store(intake, Answer(Status.PROCESSING_FAILURE))


def _judge(context: PresentationContext, request: CStoreRQ) -> Answer | None:
    if request.affected_sop_class_uid != context.abstract_syntax:
        # PS3.7 section 9.1.1.1.9 and PS3.4 section B.2.2
        return Answer(Status.SOP_CLASS_NOT_SUPPORTED, f"Context is for {context.abstract_syntax}")
    if not is_acceptable_uid(request.affected_sop_instance_uid):
        uid = printable(request.affected_sop_instance_uid, limit=32)
        return Answer(Status.INVALID_SOP_INSTANCE, f"Not a UID: {uid}")
    return None
