from pacsd.api.route_target import DeliveryOutcome, DeliveryResult, InstanceResult
from pacsd.index.delivery_records import Commitment, ItemResult, ItemState
from pacsd.jobs.delivery_results import item_results, to_be_confirmed
from tests.jobs.test_deliveries import facts

DELIVERED, REFUSED, AGAIN = DeliveryOutcome
SENT = [facts("1.1"), facts("1.2")]


def test_what_became_of_all_holds_for_each_but_the_exceptions() -> None:
    exceptions = (
        InstanceResult("1.2", REFUSED, "no", "A900"),
        InstanceResult("9.9", REFUSED, "was never sent"),
    )
    assert item_results(SENT, DeliveryResult(DELIVERED, "", exceptions, "0000")) == [
        ItemResult("1.1", ItemState.DELIVERED, "0000"),
        ItemResult("1.2", ItemState.REFUSED, "A900", "no"),
    ]


def test_where_all_are_to_be_sent_again_only_the_exceptions_were_tried() -> None:
    assert item_results(SENT, DeliveryResult(AGAIN, "cable")) == []
    mixed = DeliveryResult(AGAIN, "cable", (InstanceResult("1.1", DELIVERED, status="0000"),))
    assert item_results(SENT, mixed) == [ItemResult("1.1", ItemState.DELIVERED, "0000")]


def test_where_a_target_is_asked_what_was_sent_is_not_delivered_yet() -> None:
    refused = ItemResult("1.2", ItemState.REFUSED, "A900", "no")
    sent = ItemResult("1.1", ItemState.DELIVERED, "B000")
    waiting = ItemResult("1.1", ItemState.WAITING, "B000", commitment=Commitment.AWAITED)
    assert to_be_confirmed([sent, refused]) == [waiting, refused]
