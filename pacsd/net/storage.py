"""C-STORE as SCP: where the data set of an operation goes (PS3.4 Annex B).

A sink takes the fragments of one data set and says at the end how the operation is answered.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pacsd.api.access import Principal
from pacsd.api.reception import DEFAULT_PARTITION, Reception
from pacsd.archive.ingest import Ingest, InstanceRequest
from pacsd.archive.instance import DEFAULT_POLICY, SenderPolicy
from pacsd.archive.intake import Intake
from pacsd.dicom.status import Status
from pacsd.dicom.tag import Tag
from pacsd.dicom.text import printable
from pacsd.dicom.uid import is_acceptable_uid
from pacsd.dimse.commands import CStoreRQ
from pacsd.net.permissions import StayingLogin
from pacsd.ul.negotiation import PresentationContext
from pacsd.ul.pdu import Buffer


@dataclass(frozen=True, slots=True)
class SubOperationCounts:
    """How many C-STORE sub-operations a retrieval has left, and how the others ended.

    PS3.7 sections 9.1.3.1.6 to 9.1.3.1.9; `remaining` is not told of one that ran to its end.
    """

    remaining: int | None
    completed: int
    failed: int
    warning: int


@dataclass(frozen=True, slots=True)
class DimseAnswer:
    """What a response says: Status (0000,0900), Error Comment (0000,0902), Offending Elements.

    Of a retrieval also its counts, and the data set with what failed.
    """

    status: int
    comment: str = ""
    offending: tuple[Tag, ...] = ()
    counts: SubOperationCounts | None = None
    data_set: bytes | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose association the operations come over, and what it may do with what we have.

    `extended` is what was negotiated beyond a SOP class by itself, by its UID; `login` is that of
    a user identity, if somebody has logged in.
    """

    calling_ae: str
    called_ae: str
    address: str
    policy: SenderPolicy = DEFAULT_POLICY
    names_are_exact: bool = False
    extended: Mapping[str, bytes] = field(default_factory=dict)
    login: StayingLogin | None = None

    async def principal(self) -> Principal | None:
        """Who it is now: without a login, the calling AE title, for which nobody vouches.

        None: it has logged in, and that is no good any more.
        """
        if self.login is not None:
            return await self.login.renewed()
        return Principal(self.calling_ae, is_authenticated=False)

    @property
    def actor(self) -> str:
        """As the audit trail names it."""
        if self.login is None:
            return self.calling_ae
        return f"{self.calling_ae} {printable(self.login.principal.name)}"


class DataSetSink(Protocol):
    """Takes the data set of one operation."""

    @property
    def is_congested(self) -> bool:
        """Whether the socket should pause until the sink says that it is drained."""

    def write(self, data: Buffer) -> None:
        """Take a fragment; the buffer is free again afterwards."""

    async def finish(self) -> DimseAnswer:
        """The data set is complete: how the operation is to be answered."""

    async def abort(self, reason: str) -> None:
        """The association ended before the data set did: nothing of it stays."""

    def cancel(self) -> None:
        """C-CANCEL, or the association ended while `finish` runs: what can be left undone is."""


class RefusedSink:
    """Reads a data set that nobody wants; its answer was clear from the command.

    It is read all the same: a peer looks at no response before it has sent everything.
    """

    def __init__(self, answer: DimseAnswer) -> None:
        self._answer = answer

    @property
    def is_congested(self) -> bool:
        """Never: nothing is kept."""
        return False

    def write(self, data: Buffer) -> None:
        """Drop a fragment."""

    async def finish(self) -> DimseAnswer:
        """The answer given beforehand."""
        return self._answer

    async def abort(self, reason: str) -> None:
        """There is nothing to give up."""

    def cancel(self) -> None:
        """The answer is known: there is nothing to cancel."""


class IngestSink:
    """Leads a data set to ingest; answers once it is durable, or refused."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    @property
    def is_congested(self) -> bool:
        """Whether more waits to be written than should."""
        return self._intake.is_congested

    def write(self, data: Buffer) -> None:
        """Hand on a fragment, which ingest copies."""
        self._intake.write(data)

    async def finish(self) -> DimseAnswer:
        """Make the object durable, then say so."""
        outcome = await self._intake.finish()
        return DimseAnswer(outcome.status, outcome.comment, outcome.offending)

    async def abort(self, reason: str) -> None:
        """Give the object up."""
        await self._intake.abort(reason)

    def cancel(self) -> None:
        """What was received whole is stored: C-STORE knows no cancellation."""


def begin_store(
    ingest: Ingest,
    context: PresentationContext,
    request: CStoreRQ,
    caller: Caller,
    now_us: int,
    on_drained: Callable[[], None],
) -> DataSetSink:
    """Judge the command and open the object, or a sink that refuses it."""
    refusal = _judge(context, request)
    if refusal is not None:
        return RefusedSink(refusal)
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
            policy=caller.policy,
        )
    )
    intake.on_drained = on_drained
    return IngestSink(intake)


def _judge(context: PresentationContext, request: CStoreRQ) -> DimseAnswer | None:
    if request.affected_sop_class_uid != context.abstract_syntax:
        # PS3.7 section 9.1.1.1.9 and PS3.4 section B.2.2
        return DimseAnswer(Status.SOP_CLASS_NOT_SUPPORTED, "Not the SOP Class of this context")
    if not is_acceptable_uid(request.affected_sop_instance_uid):
        uid = printable(request.affected_sop_instance_uid, limit=32)
        return DimseAnswer(Status.INVALID_SOP_INSTANCE, f"Not a UID: {uid}")
    return None
