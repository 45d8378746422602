"""Peers of the peers file as targets of routes: C-STORE over the associations a peer may have.

What a peer refuses for good (PS3.4 table B.2-1: A9xx, Cxxx, and that it does not know the SOP
class) is not sent again; everything else is.
"""

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from pacsd.api import route_target
from pacsd.api.errors import NotProvided
from pacsd.api.route_target import DeliveryOutcome, DeliveryResult, InstanceResult
from pacsd.archive.access import Retrieved
from pacsd.archive.finding import FindError
from pacsd.archive.retrievable import Retrievable
from pacsd.dicom.level import Level
from pacsd.dicom.query import Query, Values
from pacsd.dicom.registry import VERIFICATION, Service
from pacsd.dicom.status import Status, describe
from pacsd.dicom.vr import VR
from pacsd.net.associated import associated
from pacsd.net.delivery import Delivery, Terms
from pacsd.net.destination_places import DestinationPlaces
from pacsd.net.errors import AssociationError
from pacsd.net.peers import Peer, PeerBook
from pacsd.net.retrieving import Notes, Retrieves
from pacsd.net.scu import Destination, Timeouts, propose
from pacsd.net.sending import OpenDataSet, Outbound, Outcome
from pacsd.net.transcoding import NO_TRANSCODING, Transcoding

PREFIX = "peer:"
"""Of the names of such targets; the AE title follows."""

_ECHO = propose((VERIFICATION,))
_HOOK = "pacsd_route_target"
_FOR_GOOD = (range(0xA900, 0xAA00), range(0xC000, 0xD000))
_NOT_SENT = "not sent: it cannot be had any more"
_SOP_INSTANCE_UID = 0x00080018
_TOGETHER = 200
"""Instances that are looked up at once."""


@dataclass(frozen=True, slots=True)
class PeerSending:
    """What sending to peers needs: whose objects, to whom, and how.

    `peers` is asked each time: it may have been replaced by a reload. `calling_ae` is ours.
    """

    retriever: Retrieves
    peers: Callable[[], PeerBook]
    timeouts: Timeouts
    access: Notes
    calling_ae: str
    places: DestinationPlaces = field(default_factory=DestinationPlaces)
    transcoding: Transcoding = NO_TRANSCODING

    def target(self, name: str) -> "PeerTarget":
        """The peer of this name, as a target.

        Raises:
            NotProvided: the name has not the prefix, or there is no such peer that we may call.
        """
        target = PeerTarget(self, name.removeprefix(PREFIX))
        target.peer()
        return target


class PeerTarget:
    """The port RouteTarget, for one peer."""

    def __init__(self, sending: PeerSending, ae_title: str) -> None:
        self._sending = sending
        self._ae_title = ae_title

    def peer(self) -> Peer:
        """The peer as it is in the peers file now.

        Raises:
            NotProvided: it is not there, or has no host and port.
        """
        found = self._sending.peers().find(self._ae_title)
        if found is None or found.endpoint is None:
            why = "is not in the peers file" if found is None else "has no host and port there"
            name = f"{PREFIX}{self._ae_title}"
            raise NotProvided(name, _HOOK, f"peer {self._ae_title} {why}")
        return found

    async def send(self, delivery: route_target.Delivery, /) -> DeliveryResult:
        """Send instances by C-STORE, over as many associations as the peer may have."""
        peer, sending, run = self.peer(), self._sending, _Run(delivery)
        terms = Terms(
            sending.timeouts, associations=peer.connections, transcoding=sending.transcoding
        )
        places = sending.places.of(peer)
        numbers = await self._numbers(delivery)
        try:
            async with places:
                work = Delivery(self._destination(peer), terms, run.ended, places)
                await work.run(self._outbound(numbers, run))
        except AssociationError as error:
            run.failure = str(error)
        finally:
            await self._note(peer, delivery, run)
        return run.result()

    async def check(self) -> str | None:
        """Why a C-ECHO does not succeed now, None if it does."""
        try:
            async with associated(self.destination(), _ECHO, self._sending.timeouts) as to:
                status = await to.echo()
        except AssociationError as error:
            return str(error)
        return None if status == Status.SUCCESS else f"C-ECHO: {describe(status)}"

    def destination(self) -> Destination:
        """Whom we call.

        Raises:
            NotProvided: there is no such peer any more.
        """
        return self._destination(self.peer())

    def _destination(self, peer: Peer) -> Destination:
        assert peer.endpoint is not None  # noqa: S101 - `peer` has seen to it
        return Destination(peer.endpoint, peer.ae_title, self._sending.calling_ae)

    async def _numbers(self, delivery: route_target.Delivery) -> Sequence[int]:
        """The index's numbers of the instances.

        Raises:
            FindError: they cannot be told now.
        """
        numbers: list[int] = []
        for uids in _parts([each.sop_instance_uid for each in delivery.instances]):
            named = (Values(_SOP_INSTANCE_UID, VR.UI, uids),)
            numbers += await self._sending.retriever.select(Query(Level.INSTANCE, named))
        return numbers

    async def _outbound(
        self, numbers: Sequence[int], run: "_Run"
    ) -> AsyncGenerator[Sequence[Outbound], None]:
        retriever = self._sending.retriever
        try:
            async with aclosing(retriever.instances(numbers)) as pages:
                async for page in pages:
                    yield list(map(_outbound, page, retriever.data_sets(page)))
        except FindError as error:
            run.failure = str(error)  # what was not sent by then is sent again

    async def _note(self, peer: Peer, delivery: route_target.Delivery, run: "_Run") -> None:
        """What has left has left, however it ended."""
        if not run.stored:
            return
        await self._sending.access.note(
            Retrieved(
                actor="pacsd",
                peer_address=peer.host,
                action=f"route (C-STORE to {peer.ae_title})",
                outcome="done" if run.stored == len(delivery.instances) else "not all",
                studies=(delivery.study_instance_uid,),
                detail=f"{run.stored} of {len(delivery.instances)} instances",
            )
        )


class _Run:
    """What becomes of the instances of one delivery."""

    def __init__(self, delivery: route_target.Delivery) -> None:
        self._left = {each.sop_instance_uid: None for each in delivery.instances}
        self._exceptions: list[InstanceResult] = []
        self._stored: list[InstanceResult] = []
        self.stored = 0
        self.failure = ""

    def ended(self, instance: Outbound, outcome: Outcome) -> None:
        """One was answered, or failed."""
        self._left.pop(instance.sop_instance_uid, None)
        uid, status = instance.sop_instance_uid, _status(outcome)
        if outcome.is_stored:
            self.stored += 1
            self._stored.append(InstanceResult(uid, DeliveryOutcome.DELIVERED, status=status))
        else:
            result = InstanceResult(uid, _kind_of(outcome), _why(outcome), status)
            self._exceptions.append(result)

    def result(self) -> DeliveryResult:
        """The result; what the peer was not asked before it failed was not tried."""
        again = DeliveryOutcome.AGAIN
        if self._left and self.failure:
            return DeliveryResult(again, self.failure, (*self._stored, *self._exceptions))
        usual = f"{Status.SUCCESS:04X}"
        others = (each for each in self._stored if each.status != usual)
        gone = (InstanceResult(uid, again, _NOT_SENT) for uid in self._left)
        exceptions = (*others, *self._exceptions, *gone)
        return DeliveryResult(DeliveryOutcome.DELIVERED, exceptions=exceptions, status=usual)


def _status(outcome: Outcome) -> str:
    return "" if outcome.status is None else f"{outcome.status:04X}"


def _kind_of(outcome: Outcome) -> DeliveryOutcome:
    status = outcome.status
    if status is None:
        return DeliveryOutcome.AGAIN
    is_for_good = any(status in each for each in _FOR_GOOD)
    if is_for_good or status == Status.SOP_CLASS_NOT_SUPPORTED:
        return DeliveryOutcome.REFUSED
    return DeliveryOutcome.AGAIN


def _why(outcome: Outcome) -> str:
    """The status in words; an Error Comment is the peer's and may hold a patient's values."""
    return outcome.comment if outcome.status is None else describe(outcome.status, Service.STORAGE)


def _outbound(instance: Retrievable, open_: OpenDataSet) -> Outbound:
    return Outbound(
        instance.sop_class_uid,
        instance.sop_instance_uid,
        instance.transfer_syntax_uid,
        open_,
        is_even=instance.data_set_bytes % 2 == 0,
    )


def _parts(uids: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(uids[at : at + _TOGETHER]) for at in range(0, len(uids), _TOGETHER))
