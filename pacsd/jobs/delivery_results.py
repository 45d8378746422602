"""What a target says became of instances, as the ledger notes it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from pacsd.api.instances import InstanceFacts
from pacsd.api.route_target import DeliveryOutcome, DeliveryResult, InstanceResult
from pacsd.index.delivery_records import Commitment, Item, ItemResult, ItemState

GONE = "not here any more when it was to be sent"

_STATES: Mapping[DeliveryOutcome, ItemState] = MappingProxyType(
    {
        DeliveryOutcome.DELIVERED: ItemState.DELIVERED,
        DeliveryOutcome.REFUSED: ItemState.REFUSED,
        DeliveryOutcome.AGAIN: ItemState.WAITING,
    }
)


def item_results(sent: Sequence[InstanceFacts], result: DeliveryResult) -> list[ItemResult]:
    """What became of those that were tried: where all are to be sent again the others were not."""
    exceptions = {each.sop_instance_uid: each for each in result.exceptions}
    found: list[ItemResult] = []
    for each in sent:
        own = exceptions.get(each.sop_instance_uid)
        if own is not None:
            found.append(_noted(each.sop_instance_uid, own))
        elif result.outcome is not DeliveryOutcome.AGAIN:
            found.append(_noted(each.sop_instance_uid, result))
    return found


def to_be_confirmed(results: Sequence[ItemResult]) -> list[ItemResult]:
    """The same, where what was sent is delivered only once its target says that it keeps it."""
    return [
        replace(each, state=ItemState.WAITING, commitment=Commitment.AWAITED)
        if each.state is ItemState.DELIVERED
        else each
        for each in results
    ]


def gone(wanted: Sequence[Item], here: Sequence[InstanceFacts]) -> list[ItemResult]:
    """Those that are not here any more."""
    present = {each.sop_instance_uid for each in here}
    uids = (each.sop_instance_uid for each in wanted if each.sop_instance_uid not in present)
    return [ItemResult(uid, ItemState.GONE, explanation=GONE) for uid in uids]


def _noted(uid: str, result: DeliveryResult | InstanceResult) -> ItemResult:
    return ItemResult(uid, _STATES[result.outcome], result.status, result.explanation)
