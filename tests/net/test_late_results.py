import pytest

from pacsd.archive.commitments import Safe, SafeAnswer
from pacsd.dicom.commitment import CommitmentResult, NotCommitted, Reference
from pacsd.net import late_results
from pacsd.net.late_results import KEPT_S, OPEN_S, LateResults
from tests.net.committing_peer import CT, KEPT, LOST


class Time:
    def __init__(self) -> None:
        self.now_s = 1.0

    def __call__(self) -> float:
        return self.now_s


def owed(reference: Reference) -> SafeAnswer:
    return SafeAnswer(reference, Safe.UNKNOWN, "asked, and not answered yet")


async def test_what_a_peer_says_late_is_told_once_to_who_asks() -> None:
    tested = LateResults(Time())
    tested.expect("PACSD", "1.1", [KEPT, LOST])
    assert tested.take("PACSD", [KEPT, LOST]) == {KEPT: owed(KEPT), LOST: owed(LOST)}
    result = CommitmentResult("1.1", (KEPT,), (NotCommitted(LOST, 0x0112),))
    assert await tested.heard("PACSD", result)
    assert not await tested.heard("PACSD", result)
    assert tested.take("PACSD", [KEPT]) == {KEPT: SafeAnswer(KEPT, Safe.COMMITTED)}
    assert tested.take("PACSD", [KEPT]) == {}
    [lost] = tested.take("PACSD", [LOST]).values()
    assert (lost.safe, lost.why[:4]) == (Safe.FAILED, "0112")
    assert not await tested.heard("PACSD", result)


async def test_only_who_was_asked_is_heard() -> None:
    tested = LateResults(Time())
    tested.expect("PACSD", "1.1", [KEPT])
    assert not await tested.heard("ANOTHER", CommitmentResult("1.1", (KEPT,)))
    assert not await tested.heard("PACSD", CommitmentResult("1.2", (KEPT,)))
    assert tested.take("ANOTHER", [KEPT]) == {}
    assert tested.take("PACSD", [KEPT]) == {KEPT: owed(KEPT)}


async def test_who_says_nothing_is_asked_again_after_a_while() -> None:
    time = Time()
    tested = LateResults(time)
    tested.expect("PACSD", "1.1", [KEPT])
    time.now_s += OPEN_S
    assert tested.take("PACSD", [KEPT]) == {}
    assert not await tested.heard("PACSD", CommitmentResult("1.1", (KEPT,)))


async def test_what_nobody_asks_for_is_forgotten() -> None:
    time = Time()
    tested = LateResults(time)
    tested.expect("PACSD", "1.1", [KEPT])
    time.now_s += OPEN_S - 1
    assert await tested.heard("PACSD", CommitmentResult("1.1", (KEPT,)))
    time.now_s += KEPT_S
    assert tested.take("PACSD", [KEPT]) == {}


async def test_there_is_a_bound_and_the_oldest_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_results, "MAX_REFERENCES", 3)
    tested = LateResults(Time())
    references = [Reference(CT, f"1.2.{number}") for number in range(6)]
    for number in range(3):
        tested.expect("PACSD", f"1.{number}", references[2 * number : 2 * number + 2])
    assert {*tested.take("PACSD", references)} == {*references[4:]}
