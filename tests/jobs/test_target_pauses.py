from pacsd.index.index import Index
from pacsd.jobs.target_gates import TargetGates
from pacsd.jobs.target_pauses import TargetPauses
from tests.index.made import SCOPE


async def test_a_pause_outlives_who_made_it(index: Index) -> None:
    gates = TargetGates()
    assert await TargetPauses(index.ledger, gates).pause("tape", "anna")
    assert gates.places() == {"target:tape": 0}
    anew = TargetGates()
    pauses = TargetPauses(index.ledger, anew)
    assert anew.places() == {}
    await pauses.restore()
    assert anew.places() == {"target:tape": 0}
    assert await pauses.resume("tape")
    assert anew.places() == {}
    assert not await pauses.resume("tape")
    assert await index.ledger.paused(SCOPE) == []
