"""Peers as targets of routes that are told what is here, and sent nothing (PS3.4 annex R).

One N-CREATE of Instance Availability Notification for what is to be delivered: who is told may
retrieve it.
"""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from uuid import uuid4

import anyio.to_thread

from pacsd.api import route_target
from pacsd.api.route_target import DeliveryOutcome, DeliveryResult, InstanceResult
from pacsd.dicom.availability import (
    AVAILABILITY_NOTIFICATION,
    AvailableInstance,
    write_notification,
)
from pacsd.dicom.commitment import Reference
from pacsd.dicom.registry import Service, transfer_syntax
from pacsd.dicom.status import Status, StatusCategory, category, describe
from pacsd.dicom.uid import uid_from_int
from pacsd.dimse.commands import NCreateRQ
from pacsd.net import peer_target
from pacsd.net.associated import associated
from pacsd.net.errors import AssociationError, NotAccepted
from pacsd.net.peer_target import PeerSending, PeerTarget
from pacsd.net.requested_association import RequestedAssociation
from pacsd.net.scu import propose
from pacsd.net.sending import Outbound
from pacsd.ul.pdu import Buffer

PREFIX = "notify:"
"""Of the names of such targets; the AE title follows."""

_CONTEXTS = propose((AVAILABILITY_NOTIFICATION,))
_FOR_NOW = frozenset(
    (Status.PROCESSING_FAILURE, Status.DUPLICATE_INVOCATION, Status.RESOURCE_LIMITATION)
)
_NO_COPIES = DeliveryResult(
    DeliveryOutcome.REFUSED, "not told: there are no coerced copies here to be retrieved"
)
_TAKEN = frozenset((StatusCategory.SUCCESS, StatusCategory.WARNING))


class NotifyTarget:
    """The port RouteTarget, for one peer that is told."""

    def __init__(self, sending: PeerSending, peer: PeerTarget) -> None:
        self._sending = sending
        self._peer = peer

    async def send(self, delivery: route_target.Delivery, /) -> DeliveryResult:
        """Tell the peer that these instances are ONLINE here, to be had by our AE title."""
        if delivery.coercion:
            return _NO_COPIES
        try:
            places, destination = self._sending.places, self._peer.destination()
            async with places.of(self._peer.peer()):
                await places.kept.make_room(destination)
                async with associated(destination, _CONTEXTS, self._sending.timeouts) as to:
                    status = await self._tell(to, delivery)
        except AssociationError as error:
            return DeliveryResult(DeliveryOutcome.AGAIN, str(error))
        if category(status) in _TAKEN:
            return DeliveryResult(DeliveryOutcome.DELIVERED, status=f"{status:04X}")
        return _not_taken(delivery, status)

    async def send_copies(
        self, _delivery: route_target.Delivery, _copies: Sequence[Outbound], /
    ) -> DeliveryResult:
        """Refuse: copies are not here, and nobody could retrieve them."""
        return _NO_COPIES

    async def check(self) -> str | None:
        """Why a C-ECHO does not succeed now, None if it does."""
        return await self._peer.check()

    async def _tell(self, to: RequestedAssociation, delivery: route_target.Delivery) -> int:
        context = to.context_for(AVAILABILITY_NOTIFICATION)
        syntax = transfer_syntax(context.transfer_syntax)
        if syntax is None:
            raise NotAccepted(f"Transfer Syntax {context.transfer_syntax} is none we know")
        available = [
            AvailableInstance(
                each.series_instance_uid, Reference(each.sop_class_uid, each.sop_instance_uid)
            )
            for each in delivery.instances
        ]
        study, own_ae = delivery.study_instance_uid, self._sending.calling_ae
        write = partial(write_notification, study, available, own_ae, syntax)
        notification = await anyio.to_thread.run_sync(write)
        request = NCreateRQ(
            message_id=to.session.next_message_id(),
            affected_sop_class_uid=AVAILABILITY_NOTIFICATION,
            affected_sop_instance_uid=uid_from_int(uuid4().int),
            has_data_set=True,
        )
        return (await to.perform(context, request, _whole(notification))).status


def _not_taken(delivery: route_target.Delivery, status: int) -> DeliveryResult:
    """It was tried with every instance, and became of each of them."""
    outcome = DeliveryOutcome.AGAIN if status in _FOR_NOW else DeliveryOutcome.REFUSED
    why = f"N-CREATE: {describe(status, Service.INSTANCE_AVAILABILITY)}"
    each = tuple(
        InstanceResult(one.sop_instance_uid, outcome, why, f"{status:04X}")
        for one in delivery.instances
    )
    return DeliveryResult(DeliveryOutcome.DELIVERED, exceptions=each)


async def _whole(notification: bytes) -> AsyncIterator[Buffer]:
    yield notification


def named_target(sending: PeerSending, name: str) -> PeerTarget | NotifyTarget:
    """The peer of a target's name, which begins with one prefix or the other.

    Raises:
        NotProvided: there is no such peer that we may call.
    """
    if not name.startswith(PREFIX):
        return sending.target(name)
    ae_title = name.removeprefix(PREFIX)
    return NotifyTarget(sending, sending.target(f"{peer_target.PREFIX}{ae_title}"))
