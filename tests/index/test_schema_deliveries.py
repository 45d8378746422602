from sqlalchemy import Index

from pacsd.index import schema_deliveries
from pacsd.index.delivery_records import DeliveryState, ItemState


def condition(index: Index) -> str:
    return str(index.dialect_options["sqlite"]["where"])


def test_the_indexes_are_of_the_states_they_name() -> None:
    tables = (schema_deliveries.delivery, schema_deliveries.delivery_item)
    indexes = {str(each.name): each for table in tables for each in table.indexes}
    ended, waiting = indexes["ix_delivery_ended"], indexes["ix_delivery_item_waiting"]
    assert condition(ended) == f"state >= {DeliveryState.DELIVERED.value}"
    assert condition(waiting) == f"state = {ItemState.WAITING.value}"
