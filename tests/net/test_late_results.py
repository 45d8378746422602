import pytest

from pacsd.archive.commitments import Safe, SafeAnswer, Sent
from pacsd.dicom.commitment import CommitmentResult, NotCommitted, Reference
from pacsd.net import late_results
from pacsd.net.late_results import KEPT_S, OPEN_S, LateResults
from tests.net.committing_peer import CT, KEPT, LOST


class Time:
    def __init__(self) -> None:
        self.now_s = 1.0

    def __call__(self) -> float:
        return self.now_s


def taken(
    tested: LateResults, peer_ae: str, *references: Reference, ago_s: float = 1_000_000
) -> dict[Reference, SafeAnswer]:
    return tested.take(peer_ae, [Sent(each, ago_s) for each in references])


def owed(reference: Reference) -> SafeAnswer:
    return SafeAnswer(reference, Safe.UNKNOWN, "asked, and not answered yet")


async def test_what_a_peer_says_late_is_told_once_to_who_asks() -> None:
    tested = LateResults(Time())
    tested.expect("PACSD", "1.1", [KEPT, LOST])
    assert taken(tested, "PACSD", KEPT, LOST) == {KEPT: owed(KEPT), LOST: owed(LOST)}
    result = CommitmentResult("1.1", (KEPT,), (NotCommitted(LOST, 0x0112),))
    assert await tested.heard("PACSD", result)
    assert not await tested.heard("PACSD", result)
    assert taken(tested, "PACSD", KEPT) == {KEPT: SafeAnswer(KEPT, Safe.COMMITTED)}
    assert taken(tested, "PACSD", KEPT) == {}
    [lost] = taken(tested, "PACSD", LOST).values()
    assert (lost.safe, lost.why[:4]) == (Safe.FAILED, "0112")
    assert not await tested.heard("PACSD", result)


async def test_only_who_was_asked_is_heard() -> None:
    tested = LateResults(Time())
    tested.expect("PACSD", "1.1", [KEPT])
    assert not await tested.heard("ANOTHER", CommitmentResult("1.1", (KEPT,)))
    assert not await tested.heard("PACSD", CommitmentResult("1.2", (KEPT,)))
    assert taken(tested, "ANOTHER", KEPT) == {}
    assert taken(tested, "PACSD", KEPT) == {KEPT: owed(KEPT)}


async def test_who_says_nothing_is_asked_again_after_a_while() -> None:
    time = Time()
    tested = LateResults(time)
    tested.expect("PACSD", "1.1", [KEPT])
    time.now_s += OPEN_S
    assert taken(tested, "PACSD", KEPT) == {}
    assert not await tested.heard("PACSD", CommitmentResult("1.1", (KEPT,)))


async def test_what_nobody_asks_for_is_forgotten() -> None:
    time = Time()
    tested = LateResults(time)
    tested.expect("PACSD", "1.1", [KEPT])
    time.now_s += OPEN_S - 1
    assert await tested.heard("PACSD", CommitmentResult("1.1", (KEPT,)))
    time.now_s += KEPT_S
    assert taken(tested, "PACSD", KEPT) == {}


async def test_there_is_a_bound_and_the_oldest_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_results, "MAX_REFERENCES", 3)
    tested = LateResults(Time())
    references = [Reference(CT, f"1.2.{number}") for number in range(6)]
    for number in range(3):
        tested.expect("PACSD", f"1.{number}", references[2 * number : 2 * number + 2])
    assert {*taken(tested, "PACSD", *references)} == {*references[4:]}


async def test_what_was_asked_before_it_was_sent_is_about_another_one() -> None:
    time = Time()
    tested = LateResults(time)
    tested.expect("PACSD", "1.1", [KEPT, LOST])
    assert await tested.heard("PACSD", CommitmentResult("1.1", (KEPT, LOST)))
    time.now_s += 100
    assert taken(tested, "PACSD", KEPT, ago_s=50) == {}
    assert taken(tested, "PACSD", KEPT) == {}
    assert taken(tested, "PACSD", LOST, ago_s=150) == {LOST: SafeAnswer(LOST, Safe.COMMITTED)}
    tested.expect("PACSD", "1.2", [KEPT])
    time.now_s += 100
    assert taken(tested, "PACSD", KEPT, ago_s=50) == {}
    assert not await tested.heard("PACSD", CommitmentResult("1.2", (KEPT,)))


async def test_an_answer_counts_more_than_one_that_is_owed() -> None:
    tested = LateResults(Time())
    tested.expect("PACSD", "1.1", [KEPT])
    tested.expect("PACSD", "1.2", [KEPT])
    assert await tested.heard("PACSD", CommitmentResult("1.1", (KEPT,)))
    assert taken(tested, "PACSD", KEPT) == {KEPT: SafeAnswer(KEPT, Safe.COMMITTED)}
    assert taken(tested, "PACSD", KEPT) == {KEPT: owed(KEPT)}
