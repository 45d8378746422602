from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pacsd.app.admin.delivery_records import PausedTargetAnswer, TargetSummary
from pacsd.app.admin.target_commands import TargetCommands
from pacsd.app.admin.unix_socket import AdminError
from pacsd.index.index import Index, open_index
from pacsd.index.job_records import FreePlaces, NewJob
from pacsd.jobs.target_gates import TargetGates
from pacsd.jobs.target_pauses import TargetPauses
from tests.index.made import Clock, new
from tests.index.ordered import covered, order


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_index(tmp_path, now_us=Clock()) as opened:
        await opened.add([new("1.1"), new("1.2")])
        yield opened


@pytest.fixture
def gates() -> TargetGates:
    return TargetGates(lambda: 100.0)


@pytest.fixture
def commands(index: Index, gates: TargetGates) -> TargetCommands:
    return TargetCommands(index, TargetPauses(index.ledger, gates), gates)


async def perform(commands: TargetCommands, command: str, **arguments: object) -> object:
    result = commands.by_name()[f"targets.{command}"](arguments)
    assert isinstance(result, Awaitable)
    return await result


async def test_targets_are_listed_with_what_waits_and_what_holds_it_up(
    index: Index, commands: TargetCommands, gates: TargetGates
) -> None:
    assert await perform(commands, "list") == []
    await covered(index, order())
    await covered(index, order(target="disk"))
    await covered(index, order(target="disk", rule="another"))
    await index.jobs.add([NewJob("persist", "disk", "{}")])
    [claimed] = (await index.jobs.claim(["deliver"], FreePlaces(1), 1, 60)).jobs
    gates.close("target:disk", "no power")
    gates.close("target:gone", "no way")
    await perform(commands, "pause", target="tape", actor="anna")
    assert claimed.queue == "target:disk"
    assert await perform(commands, "list") == [
        TargetSummary("disk", 1, 1, 0, 0.0, "no power", ""),
        TargetSummary("gone", 0, 0, 0, 0.0, "no way", ""),
        TargetSummary("tape", 1, 0, 0, None, "", "anna"),
    ]


async def test_targets_are_paused(commands: TargetCommands, gates: TargetGates) -> None:
    assert await perform(commands, "paused") == []
    with capture_logs() as captured:
        for _ in range(2):
            answer = await perform(commands, "pause", target="tape", actor="anna")
            assert answer == PausedTargetAnswer("tape", True, "anna", None)
    assert [each["event"] for each in captured] == ["target is paused"]
    assert gates.places() == {"target:tape": 0}
    paused = await perform(commands, "paused")
    assert isinstance(paused, list)
    assert [(each.target, each.actor) for each in paused] == [("tape", "anna")]
    assert await perform(commands, "resume", target="tape", actor="otto") == PausedTargetAnswer(
        "tape", False, "otto", None
    )
    assert gates.places() == {}
    with pytest.raises(AdminError, match="target 'tape' is not paused"):
        await perform(commands, "resume", target="tape")
    with pytest.raises(AdminError, match="1 to 256 bytes"):
        await perform(commands, "pause", target="")
