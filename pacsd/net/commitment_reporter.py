"""N-EVENT-REPORT of storage commitment, as SCP (PS3.4 section J.3.3).

Over the association on which was asked, where the peer has it open and wants nothing else of it;
else over one of our own, on which we propose the role of the SCP (PS3.7 section D.3.3.4).
"""

from collections.abc import AsyncIterator, Awaitable, Callable

import anyio
import anyio.to_thread
import structlog

from pacsd.archive.commitments import CommitmentReport, Reported, ReportFate
from pacsd.dicom.commitment import COMMITMENT_INSTANCE, STORAGE_COMMITMENT, write_result
from pacsd.dicom.registry import Service, transfer_syntax
from pacsd.dicom.status import Status, StatusCategory, category, describe
from pacsd.dimse.commands import NEventReportRQ
from pacsd.dimse.errors import LocalCommandError
from pacsd.net.associated import associated
from pacsd.net.commitment_lines import AskingLine, CommitmentLines
from pacsd.net.destination_places import DestinationPlaces
from pacsd.net.errors import AssociationError, NotAccepted
from pacsd.net.invoking import Invoking
from pacsd.net.peers import Peer, PeerBook
from pacsd.net.scu import Destination, Timeouts, propose
from pacsd.ul.items import RoleSelection
from pacsd.ul.negotiation import PresentationContext
from pacsd.ul.pdu import Buffer

IDLE_S = 1.0
"""How long a peer may take to go on, or to leave, before it counts as waiting for the result."""
_LOOKS = 3
"""At an association that is in use, before one of our own is opened."""
_LOOKS_WITHOUT_ADDRESS = 10
"""The job that waits has a place meanwhile that others may need; it is tried again."""

PIECE_BYTES = 64 * 1024

_CONTEXTS = propose((STORAGE_COMMITMENT,))
_AS_SCP = (RoleSelection(STORAGE_COMMITMENT, scu_role=False, scp_role=True),)
_FOR_NOW = frozenset(
    (Status.PROCESSING_FAILURE, Status.DUPLICATE_INVOCATION, Status.RESOURCE_LIMITATION)
)
_TAKEN = frozenset((StatusCategory.SUCCESS, StatusCategory.WARNING))

_log = structlog.get_logger("pacsd.net")


class CommitmentReporter:
    """Tells peers of the peers file; `peers` is asked each time, for a reload may replace it.

    `told` is called with what a peer has taken.
    """

    def __init__(
        self,
        lines: CommitmentLines,
        peers: Callable[[], PeerBook],
        timeouts: Timeouts,
        places: DestinationPlaces,
        *,
        told: Callable[[CommitmentReport], None] = lambda _: None,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._lines = lines
        self._peers = peers
        self._timeouts = timeouts
        self._places = places
        self._told = told
        self._sleep = sleep

    async def report(self, report: CommitmentReport, /) -> Reported:
        """Tell the peer; what it says it has taken is not told again."""
        reported = await self._report(report)
        transaction_uid = report.result.transaction_uid
        if reported.fate is not ReportFate.AGAIN:
            self._lines.forget(report.peer_ae, transaction_uid)
        if reported.fate is ReportFate.TAKEN:
            self._told(report)
            failed = len(report.result.failed)
            tell = _log.warning if failed else _log.info
            tell(
                "storage commitment reported",
                peer=report.peer_ae,
                transaction_uid=transaction_uid,
                committed=len(report.result.committed),
                not_committed=failed,
                over=reported.why,
            )
        return reported

    async def _report(self, report: CommitmentReport) -> Reported:
        peer = self._peers().find(report.peer_ae)
        can_call = peer is not None and peer.endpoint is not None
        asking = self._lines.find(report.peer_ae, report.result.transaction_uid)
        if asking is not None:
            looks = _LOOKS if can_call else _LOOKS_WITHOUT_ADDRESS
            over = await self._over_its_own(asking, report, looks)
            if over is not None and (over.fate is ReportFate.TAKEN or not can_call):
                return over
        if peer is None or peer.endpoint is None:
            why = "has no host and port in the peers file" if peer else "is not in the peers file"
            text = f"peer {report.peer_ae} {why}, and its association has ended"
            return Reported(ReportFate.NEVER, text)
        return await self._by_calling(peer, report)

    async def _over_its_own(
        self, asking: AskingLine, report: CommitmentReport, looks: int
    ) -> Reported | None:
        """What became of it over the association on which was asked; None if that has ended."""
        session = asking.line.session
        for _ in range(looks):
            await self._sleep(IDLE_S)
            if not session.is_established:
                return None
            if not session.open_requests:
                break
        else:
            return Reported(ReportFate.AGAIN, "its association is in use all the time")
        try:
            return await _tell(asking.line, asking.context, report, "the same association")
        except (AssociationError, LocalCommandError):
            return None

    async def _by_calling(self, peer: Peer, report: CommitmentReport) -> Reported:
        assert peer.endpoint is not None  # noqa: S101 - the caller has seen to it
        destination = Destination(peer.endpoint, peer.ae_title, report.own_ae)
        try:
            async with self._places.of(peer):
                await self._places.kept.make_room(destination)
                return await self._over_ours(destination, report)
        except (AssociationError, LocalCommandError) as error:
            return Reported(ReportFate.AGAIN, str(error))

    async def _over_ours(self, destination: Destination, report: CommitmentReport) -> Reported:
        async with associated(destination, _CONTEXTS, self._timeouts, roles=_AS_SCP) as to:
            negotiated = to.session.negotiated
            contexts = [*negotiated.contexts.values()] if negotiated else []
            if not contexts:
                raise NotAccepted("the peer accepted no context for Storage Commitment")
            return await _tell(to, contexts[0], report, "a new association")


async def _tell(
    line: Invoking, context: PresentationContext, report: CommitmentReport, over: str
) -> Reported:
    """Invoke the N-EVENT-REPORT; a peer that left our role unanswered is told all the same.

    Raises:
        AssociationError: the association ended before the peer answered.
        LocalCommandError: it takes no operation now.
    """
    syntax = transfer_syntax(context.transfer_syntax)
    if syntax is None:
        raise NotAccepted(f"Transfer Syntax {context.transfer_syntax} is none we know")
    information = await anyio.to_thread.run_sync(write_result, report.result, syntax)
    request = NEventReportRQ(
        message_id=line.session.next_message_id(),
        affected_sop_class_uid=STORAGE_COMMITMENT,
        affected_sop_instance_uid=COMMITMENT_INSTANCE,
        event_type_id=report.result.event_type_id,
        has_data_set=True,
    )
    response = await line.perform(context, request, _pieces(information))
    if category(response.status) in _TAKEN:
        return Reported(ReportFate.TAKEN, over)
    fate = ReportFate.AGAIN if response.status in _FOR_NOW else ReportFate.NEVER
    said = describe(response.status, Service.STORAGE_COMMITMENT)
    return Reported(fate, f"N-EVENT-REPORT over {over}: {said}")


async def _pieces(information: bytes) -> AsyncIterator[Buffer]:
    for at in range(0, len(information), PIECE_BYTES):
        yield information[at : at + PIECE_BYTES]
