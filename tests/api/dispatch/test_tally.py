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


def test_so_many_calls_are_kept() -> None:
    tally = Tally()
    count = tally.count_of("pacsd_hook", "acme")
    for number in range(LAST_CALLS + 5):
        tally.note(count, late(number))
    assert [each.ended_at for each in tally.last_calls()] == [*range(5, LAST_CALLS + 5)]
