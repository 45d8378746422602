"""Storage commitment as SCU: peers are asked whether they keep instances safely (PS3.4 annex J).

The result comes over the association of the N-ACTION while we wait there, or later over one that
the peer opens to our listener; whoever listens hands it to `heard`.
"""

from asyncio import Future, get_running_loop, wait
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from uuid import uuid4

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from pacsd.archive.commitments import Safe, SafeAnswer, Sent, answers_of
from pacsd.dicom.commitment import (
    ACTION_REQUEST,
    COMMITMENT_INSTANCE,
    STORAGE_COMMITMENT,
    CommitmentRequest,
    CommitmentResult,
    Reference,
    write_request,
)
from pacsd.dicom.registry import Service, transfer_syntax
from pacsd.dicom.status import Status, describe
from pacsd.dicom.uid import uid_from_int
from pacsd.dimse.commands import NActionRQ
from pacsd.net.associated import associated
from pacsd.net.committing import begin_result
from pacsd.net.errors import AssociationError, NotAccepted, PoolFull
from pacsd.net.kept_associations import KeptAssociations
from pacsd.net.late_results import LateResults
from pacsd.net.peers import PeerBook
from pacsd.net.requested_association import RequestedAssociation
from pacsd.net.responses import Work
from pacsd.net.scu import Destination, Timeouts, propose
from pacsd.net.sub_operations import ReportPort
from pacsd.ul.pdu import Buffer

TOGETHER = 1_000
"""Instances of one transaction."""
MAX_PENDING = 1_000
"""Transactions whose result is waited for."""
STAYS_S = 10.0
"""How long we wait on the association of the N-ACTION, then on our listener alone."""

_CONTEXTS = propose((STORAGE_COMMITMENT,))


@dataclass(slots=True)
class _Transaction:
    references: tuple[Reference, ...]
    uid: str
    result: "Future[CommitmentResult]"
    is_begun: bool = False


class CommitmentSCU:
    """Asks peers, and hears their results; those of other transactions are somebody else's.

    Associations to a peer that are `kept` are released before it is asked.
    """

    def __init__(
        self,
        timeouts: Timeouts,
        new_uid: Callable[[], str] | None = None,
        kept: KeptAssociations | None = None,
    ) -> None:
        self._timeouts = timeouts
        self._kept = kept or KeptAssociations()
        self._new_uid = new_uid or (lambda: uid_from_int(uuid4().int))
        self._pending: dict[tuple[str, str], Future[CommitmentResult]] = {}

    async def heard(self, peer_ae: str, result: CommitmentResult, /) -> bool:
        """Take the result of a transaction that waits for it; one counts, the first."""
        pending = self._pending.get((peer_ae, result.transaction_uid))
        if pending is None or pending.done():
            return False
        pending.set_result(result)
        return True

    async def ask(
        self,
        destination: Destination,
        references: Sequence[Reference],
        wait_s: float,
        late: LateResults | None = None,
    ) -> list[SafeAnswer]:
        """What the peer says of these instances within that time; one answer each, in their order.

        Why it could not be asked stands in the answers. `late` expects what it has not said then.

        Raises:
            PoolFull: too many results are waited for already.
        """
        groups = [references[at : at + TOGETHER] for at in range(0, len(references), TOGETHER)]
        if len(self._pending) + len(groups) > MAX_PENDING:
            raise PoolFull(f"{len(self._pending)} results of peers are waited for already")
        peer_ae, loop = destination.called_ae, get_running_loop()
        transactions = [
            _Transaction(tuple(group), self._new_uid(), loop.create_future()) for group in groups
        ]
        keys = {(peer_ae, each.uid): each.result for each in transactions}
        self._pending |= keys
        began_s = loop.time()
        try:
            with anyio.move_on_after(wait_s):
                await self._ask(destination, transactions)
                await _all_results(transactions)
            if late is not None:
                _expect(late, peer_ae, transactions, loop.time() - began_s)
            return [answer for each in transactions for answer in _answers(each)]
        finally:
            for key, result in keys.items():
                del self._pending[key]
                if result.done() and not result.cancelled():
                    result.exception()  # it may be that nobody got to ask

    async def _ask(self, destination: Destination, transactions: Sequence[_Transaction]) -> None:
        """Ask, and stay for a while; what was not taken by then never will be."""
        left = list(transactions)
        async with anyio.create_task_group() as tasks:
            port = self._port(destination.called_ae, tasks)
            try:
                await self._kept.make_room(destination)
                async with associated(destination, _CONTEXTS, self._timeouts, reports=port) as to:
                    while left:
                        await _request(to, left[0])
                        del left[0]
                    with anyio.move_on_after(STAYS_S):
                        await _all_results(transactions)
            except AssociationError as error:
                for each in left:
                    _fail(each, error)

    def _port(self, peer_ae: str, tasks: TaskGroup) -> ReportPort:
        def spawn(work: Work, name: str) -> None:
            tasks.start_soon(work, name=name)

        return ReportPort(
            lambda context, request, _: begin_result(self, context, request, peer_ae), spawn
        )


class PeersAsked:
    """The port `AsksPeers`: peers of the peers file by their AE titles, asked by one of ours.

    `peers` is asked each time: it may have been replaced by a reload. `late` has what they say when
    nobody waits for it any more.
    """

    def __init__(
        self,
        scu: CommitmentSCU,
        peers: Callable[[], PeerBook],
        calling_ae: str,
        late: LateResults,
    ) -> None:
        self._scu = scu
        self._peers = peers
        self._calling_ae = calling_ae
        self._late = late

    async def ask(
        self, peer_ae: str, sent: Sequence[Sent], wait_s: float, /
    ) -> Sequence[SafeAnswer]:
        """What the peer says of these instances within that time, in their order.

        Of what it owes an answer already, or has given one since, it is not asked again.
        """
        peer, references = self._peers().find(peer_ae), [each.reference for each in sent]
        if peer is None or peer.endpoint is None:
            why = "has no host and port in the peers file" if peer else "is not in the peers file"
            text = f"peer {peer_ae} {why}"
            return [SafeAnswer(each, Safe.UNKNOWN, text) for each in references]
        destination = Destination(peer.endpoint, peer.ae_title, self._calling_ae)
        known = self._late.take(peer_ae, sent)
        unknown = [each for each in references if each not in known]
        if unknown:
            try:
                said = await self._scu.ask(destination, unknown, wait_s, self._late)
            except PoolFull as error:
                said = [SafeAnswer(each, Safe.UNKNOWN, str(error)) for each in unknown]
            known |= {each.reference: each for each in said}
        return [known[each] for each in references]


async def _request(to: RequestedAssociation, transaction: _Transaction) -> None:
    """Invoke the N-ACTION of a transaction; refused, that is its result.

    Raises:
        AssociationError: the association ended before the peer answered.
    """
    context = to.context_for(STORAGE_COMMITMENT)
    syntax = transfer_syntax(context.transfer_syntax)
    if syntax is None:
        raise NotAccepted(f"Transfer Syntax {context.transfer_syntax} is none we know")
    wanted = CommitmentRequest(transaction.uid, transaction.references)
    information = await anyio.to_thread.run_sync(write_request, wanted, syntax)
    request = NActionRQ(
        message_id=to.session.next_message_id(),
        requested_sop_class_uid=STORAGE_COMMITMENT,
        requested_sop_instance_uid=COMMITMENT_INSTANCE,
        action_type_id=ACTION_REQUEST,
        has_data_set=True,
    )
    transaction.is_begun = True  # it may be taken although we do not hear so any more
    response = await to.perform(context, request, _whole(information))
    if response.status != Status.SUCCESS:
        said = describe(response.status, Service.STORAGE_COMMITMENT)
        _fail(transaction, AssociationError(f"N-ACTION: {said}"))


def _fail(transaction: _Transaction, error: AssociationError) -> None:
    """The peer does not process it (PS3.4 section J.3.2.1.2), unless it has told the result."""
    if not transaction.result.done():
        transaction.result.set_exception(error)


def _expect(
    late: LateResults, peer_ae: str, transactions: Sequence[_Transaction], asked_ago_s: float
) -> None:
    """The results of those that the peer was asked, and has not refused, may come at any time."""
    for each in transactions:
        if each.is_begun and not each.result.done():
            late.expect(peer_ae, each.uid, each.references, asked_ago_s)


async def _whole(information: bytes) -> AsyncIterator[Buffer]:
    yield information


async def _all_results(transactions: Sequence[_Transaction]) -> None:
    """Wait until each transaction has a result, or was refused."""
    await wait([each.result for each in transactions])


def _answers(transaction: _Transaction) -> list[SafeAnswer]:
    result = transaction.result
    if not result.done():
        why = "no result came within the time"
        return [SafeAnswer(each, Safe.UNKNOWN, why) for each in transaction.references]
    refusal = result.exception()
    if refusal is not None:
        return [SafeAnswer(each, Safe.UNKNOWN, str(refusal)) for each in transaction.references]
    return answers_of(transaction.references, result.result())
