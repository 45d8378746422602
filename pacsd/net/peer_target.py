"""Peers of the peers file as targets of routes: C-STORE over the associations a peer may have."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from pacsd.api import route_target
from pacsd.api.errors import NotProvided
from pacsd.api.route_target import DeliveryResult
from pacsd.archive.retrievable import Retrievable
from pacsd.dicom.registry import VERIFICATION
from pacsd.dicom.status import Status, describe
from pacsd.net.associated import associated
from pacsd.net.delivery import Delivery, Terms
from pacsd.net.destination_places import DestinationPlaces
from pacsd.net.errors import AssociationError
from pacsd.net.peers import Peer, PeerBook
from pacsd.net.retrieving import Notes, Retrieves
from pacsd.net.scu import Destination, Timeouts, propose
from pacsd.net.sending import OpenDataSet, Outbound, Outcome
from pacsd.net.target_run import NOT_COERCED, TargetRun, numbers_of, one_page, readable_pages
from pacsd.net.throttle import NO_THROTTLES, Throttles
from pacsd.net.transcoding import NO_TRANSCODING, Transcoding

PREFIX = "peer:"
"""Of the names of such targets; the AE title follows."""

_ECHO = propose((VERIFICATION,))
_HOOK = "pacsd_route_target"


@dataclass(frozen=True, slots=True)
class PeerSending:
    """What sending to peers needs: whose objects, to whom, and how.

    `peers` is asked each time: it may have been replaced by a reload. `calling_ae` is ours.
    `throttles` are those of targets by their names, with the prefix.
    """

    retriever: Retrieves
    peers: Callable[[], PeerBook]
    timeouts: Timeouts
    access: Notes
    calling_ae: str
    places: DestinationPlaces = field(default_factory=DestinationPlaces)
    transcoding: Transcoding = NO_TRANSCODING
    throttles: Throttles = NO_THROTTLES

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
        if delivery.coercion:
            return NOT_COERCED
        run, retriever = TargetRun(delivery), self._sending.retriever
        numbers = await numbers_of(retriever, delivery)
        return await self._sent(run, _outbound_pages(readable_pages(retriever, numbers, run)))

    async def send_copies(
        self, delivery: route_target.Delivery, copies: Sequence[Outbound], /
    ) -> DeliveryResult:
        """Send copies instead of what is stored: they are the `instances` of the delivery."""
        return await self._sent(TargetRun(delivery), one_page(copies))

    async def _sent(
        self, run: TargetRun, pages: AsyncGenerator[Sequence[Outbound], None]
    ) -> DeliveryResult:
        peer, sending = self.peer(), self._sending
        terms = Terms(
            sending.timeouts,
            # One that has nothing to send would be opened for nothing.
            associations=min(peer.connections, max(1, run.count)),
            transcoding=sending.transcoding,
            throttle=sending.throttles.of(f"{PREFIX}{self._ae_title}", is_urgent=run.is_urgent),
            keeps=True,
        )
        places = sending.places.of(peer)

        def ended(instance: Outbound, outcome: Outcome) -> None:
            run.ended(instance.sop_instance_uid, outcome)

        try:
            async with aclosing(pages), places:
                to = self._destination(peer)
                await Delivery(to, terms, ended, places, sending.places.kept).run(pages)
        except AssociationError as error:
            run.failure = str(error)
        finally:
            await run.note(sending.access, peer.host, f"route (C-STORE to {peer.ae_title})")
        return run.result()

    async def check(self) -> str | None:
        """Why a C-ECHO does not succeed now, None if it does."""
        try:
            destination = self.destination()
            await self._sending.places.kept.make_room(destination)
            async with associated(destination, _ECHO, self._sending.timeouts) as to:
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


async def _outbound_pages(
    pages: AsyncGenerator[Sequence[tuple[Retrievable, OpenDataSet]], None],
) -> AsyncGenerator[Sequence[Outbound], None]:
    async with aclosing(pages):
        async for page in pages:
            yield [_outbound(*each) for each in page]


def _outbound(instance: Retrievable, open_: OpenDataSet) -> Outbound:
    return Outbound(
        instance.sop_class_uid,
        instance.sop_instance_uid,
        instance.transfer_syntax_uid,
        open_,
        is_even=instance.data_set_bytes % 2 == 0,
    )
