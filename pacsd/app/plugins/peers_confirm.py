"""Peers asked, by storage commitment, whether they keep what a delivery brought them.

Where a delivery has a coercion they have the copies, whose UIDs are known by making them again.
"""

from collections.abc import Mapping

from pacsd.api.instances import InstanceFacts
from pacsd.api.route_target import Delivery
from pacsd.app.plugins.coerced_copies import CopyMaker
from pacsd.archive.commitments import AsksPeers, Safe, SafeAnswer, Sent
from pacsd.dicom.commitment import Reference
from pacsd.net.peer_target import PREFIX


class PeersConfirm:
    """The port `Confirms` of the room of jobs, for targets that are peers."""

    def __init__(self, asks: AsksPeers, maker: CopyMaker) -> None:
        self._asks = asks
        self._maker = maker

    async def confirm(
        self, delivery: Delivery, sent_ago_s: Mapping[str, float], wait_s: float, /
    ) -> Mapping[str, SafeAnswer]:
        """What the peer says of the instances within that time, by their UIDs here."""
        found: dict[str, SafeAnswer] = {}
        sent: dict[str, Sent] = {}
        for facts in delivery.instances:
            uid = facts.sop_instance_uid
            try:
                sent[uid] = Sent(await self._sent(delivery.coercion, facts), sent_ago_s[uid])
            except Exception as error:  # noqa: BLE001 - one that cannot be copied holds up no other
                why = f"coercion {delivery.coercion}: {error}"
                found[uid] = SafeAnswer(_reference(facts), Safe.UNKNOWN, why)
        if sent:
            peer = delivery.target.removeprefix(PREFIX)
            answers = await self._asks.ask(peer, list(sent.values()), wait_s)
            said = {each.reference: each for each in answers}
            found |= {uid: said[each.reference] for uid, each in sent.items()}
        return found

    async def _sent(self, coercion: str, facts: InstanceFacts) -> Reference:
        """The instance that the peer was sent."""
        if not coercion:
            return _reference(facts)
        async with self._maker.copy(coercion, facts) as copy:
            return _reference(copy.facts)


def _reference(facts: InstanceFacts) -> Reference:
    return Reference(facts.sop_class_uid, facts.sop_instance_uid)
