"""Peers asked, by storage commitment, whether they keep what a delivery brought them.

Where a delivery has a coercion they have the copies, whose UIDs are known by making them again.
"""

from collections.abc import Mapping
from contextlib import suppress

from pacsd.api.coercion import NotCoerced
from pacsd.api.instances import InstanceFacts
from pacsd.api.route_target import Delivery
from pacsd.app.plugins.coerced_copies import CopyMaker
from pacsd.archive.commitments import AsksPeers, SafeAnswer
from pacsd.dicom.commitment import Reference
from pacsd.net.peer_target import PREFIX


class PeersConfirm:
    """The port `Confirms` of the room of jobs, for targets that are peers."""

    def __init__(self, asks: AsksPeers, maker: CopyMaker) -> None:
        self._asks = asks
        self._maker = maker

    async def confirm(self, delivery: Delivery, wait_s: float, /) -> Mapping[str, SafeAnswer]:
        """What the peer says of the instances within that time, by their UIDs here.

        Raises:
            Exception: the coercion cannot be had now, or an instance not be read.
        """
        sent: dict[str, Reference] = {}
        for facts in delivery.instances:
            with suppress(NotCoerced):  # it cannot have been sent by this coercion
                sent[facts.sop_instance_uid] = await self._sent(delivery.coercion, facts)
        peer = delivery.target.removeprefix(PREFIX)
        answers = await self._asks.ask(peer, list(sent.values()), wait_s)
        said = {each.reference: each for each in answers}
        return {uid: said[reference] for uid, reference in sent.items()}

    async def _sent(self, coercion: str, facts: InstanceFacts) -> Reference:
        """The instance that the peer was sent."""
        if not coercion:
            return _reference(facts)
        async with self._maker.copy(coercion, facts) as copy:
            return _reference(copy.facts)


def _reference(facts: InstanceFacts) -> Reference:
    return Reference(facts.sop_class_uid, facts.sop_instance_uid)
