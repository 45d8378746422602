from pacsd.index.delivery_records import DeliveryState
from pacsd.index.reading_deliveries import DELIVERY, entry_of


def test_all_that_is_no_longer_open_has_ended() -> None:
    assert [each for each in DeliveryState if each < DeliveryState.DELIVERED] == [
        DeliveryState.OPEN
    ]


def test_the_columns_are_those_of_the_record() -> None:
    row = [3 if name.key in {"priority", "state"} else name.key for name in DELIVERY]
    entry = entry_of(row)
    assert entry.state is DeliveryState.REFUSED
    assert (entry.target, entry.explanation) == ("target", "explanation")
    assert str(entry.waiting) == "waiting"
