from pacsd.api.dispatch.breaker import FAILURES_IN_A_ROW
from pacsd.api.dispatch.tally import LAST_CALLS, Call, Ending, Tally


def late(number: int) -> Call:
    return Call(float(number), "pacsd_hook", "acme", 0.5, Ending.LATE)


def test_calls_are_counted_by_hook_and_plugin() -> None:
    tally = Tally()
    count = tally.count_of("pacsd_hook", "acme")
    tally.note_answer(count, "pacsd_hook", "acme", 1.0, 0.5)
    tally.note(tally.count_of("pacsd_hook", "acme"), late(2))
    assert tally.last_calls() == [Call(1.0, "pacsd_hook", "acme", 0.5, Ending.ANSWERED), late(2)]
    assert tally.counts[("pacsd_hook", "acme")].endings == {Ending.ANSWERED: 1, Ending.LATE: 1}
    assert count.seconds == 1.0


def test_of_what_kind_an_answer_was_is_kept() -> None:
    tally = Tally()
    count = tally.count_of("pacsd_hook", "acme")
    tally.note_answer(count, "pacsd_hook", "acme", 1.0, 0.5, "Deny")
    assert tally.last_calls()[0].kind == "Deny"


def test_so_many_calls_are_kept() -> None:
    tally = Tally()
    count = tally.count_of("pacsd_hook", "acme")
    for number in range(LAST_CALLS + 5):
        tally.note(count, late(number))
    assert [each.ended_at for each in tally.last_calls()] == [*range(5, LAST_CALLS + 5)]


def test_another_instance_begins_without_the_failures_of_the_one_before() -> None:
    tally = Tally()
    old, other = tally.count_of("hook", "changed"), tally.count_of("hook", "kept")
    tally.note(old, Call(1.0, "hook", "changed", 0.5, Ending.LATE))
    for _ in range(FAILURES_IN_A_ROW):
        old.breaker.failed(1.0)
        other.breaker.failed(1.0)
    tally.begin_anew({"changed"})
    assert (old.endings[Ending.LATE], old.breaker.rests(1.0)) == (1, 0.0)
    assert other.breaker.rests(1.0) > 0


def test_what_nobody_implements_any_more_is_forgotten() -> None:
    tally = Tally()
    count = tally.count_of("hook", "removed")
    tally.note_answer(count, "hook", "removed", 1.0, 0.5)
    tally.count_of("hook", "kept")
    tally.keep_only({("hook", "kept")})
    assert [*tally.counts] == [("hook", "kept")]
    assert tally.total == 1
