from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pacsd.app.admin.delivery_commands import DeliveryCommands
from pacsd.app.admin.delivery_records import (
    DeliveredItem,
    DeliveryDetail,
    DeliverySummary,
)
from pacsd.app.admin.unix_socket import AdminError
from pacsd.index.delivery_records import ItemResult, ItemState
from pacsd.index.index import Index, open_index
from pacsd.jobs.target_gates import TargetGates
from tests.index.made import Clock, new
from tests.index.ordered import STUDY, covered, order


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_index(tmp_path, now_us=Clock()) as opened:
        await opened.add([new("1.1"), new("1.2")])
        yield opened


@pytest.fixture
def gates() -> TargetGates:
    return TargetGates()


@pytest.fixture
def commands(index: Index, gates: TargetGates) -> DeliveryCommands:
    return DeliveryCommands(index.ledger, gates)


async def perform(commands: DeliveryCommands, command: str, **arguments: object) -> object:
    result = commands.by_name()[f"deliveries.{command}"](arguments)
    assert isinstance(result, Awaitable)
    return await result


async def listed(commands: DeliveryCommands, **arguments: object) -> list[int]:
    answer = await perform(commands, "list", **arguments)
    assert isinstance(answer, list)
    return [each.number for each in answer]


async def test_a_list_is_filtered_and_paged(index: Index, commands: DeliveryCommands) -> None:
    tape = await covered(index, order())
    disk = await covered(index, order(target="disk"))
    assert await listed(commands) == [tape.id, disk.id]
    assert await listed(commands, after=tape.id, limit=1) == [disk.id]
    assert await listed(commands, target="disk", study=STUDY, state="open") == [disk.id]
    assert await listed(commands, state="delivered") == []
    with pytest.raises(AdminError, match="state must be one of open, delivered"):
        await perform(commands, "list", state="closed")


async def test_a_delivery_is_shown_with_its_instances(
    index: Index, commands: DeliveryCommands, gates: TargetGates
) -> None:
    entry = await covered(index, order())
    await index.ledger.settle(entry.id, 1, [ItemResult("1.1", ItemState.DELIVERED, "0000")])
    gates.close("target:tape", "no power")
    detail = await perform(commands, "show", number=entry.id)
    assert isinstance(detail, DeliveryDetail)
    assert (detail.summary.waiting, detail.summary.delivered) == (1, 1)
    assert detail.summary.held_up == "no power"
    items = await perform(commands, "items", number=entry.id, limit=1)
    assert isinstance(items, list)
    [item] = items
    assert isinstance(item, DeliveredItem)
    assert (item.sop_instance_uid, item.status, item.state) == ("1.1", "0000", "delivered")
    rest = await perform(commands, "items", number=entry.id, after="1.1")
    assert isinstance(rest, list)
    assert [each.sop_instance_uid for each in rest] == ["1.2"]


async def test_deliveries_are_steered_and_that_is_logged(
    index: Index, commands: DeliveryCommands
) -> None:
    entry = await covered(index, order())
    with capture_logs() as captured:
        again = await perform(commands, "retry", number=entry.id, actor="anna")
        there = await perform(commands, "retarget", number=entry.id, target="disk", actor="anna")
    assert isinstance(again, DeliverySummary)
    assert isinstance(there, DeliverySummary)
    assert (again.target, there.target) == ("tape", "disk")
    assert [(each["what"], each["actor"], each["delivery"]) for each in captured] == [
        ("tried again", "anna", entry.id),
        ("sent elsewhere", "anna", entry.id),
    ]
    with pytest.raises(AdminError, match="nothing of it is left"):
        await perform(commands, "retry", number=entry.id)


@pytest.mark.parametrize("command", ["show", "items", "retry", "retarget"])
async def test_what_there_is_not_is_said(commands: DeliveryCommands, command: str) -> None:
    with pytest.raises(AdminError, match="there is no delivery 99"):
        await perform(commands, command, number=99, target="disk")
