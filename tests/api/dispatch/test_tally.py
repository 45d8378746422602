from pacsd.api.dispatch.tally import LAST_CALLS, Call, Ending, Tally


def call(number: int, ending: Ending = Ending.ANSWERED) -> Call:
    return Call(float(number), "pacsd_hook", "acme", 0.5, ending)


def test_calls_are_counted_by_hook_and_plugin() -> None:
    tally = Tally()
    count = tally.count_of("pacsd_hook", "acme")
    tally.note(count, call(1))
    tally.note(tally.count_of("pacsd_hook", "acme"), call(2, Ending.LATE))
    assert tally.counts[("pacsd_hook", "acme")].endings == {Ending.ANSWERED: 1, Ending.LATE: 1}
    assert count.seconds == 1.0


def test_so_many_calls_are_kept() -> None:
    tally = Tally()
    count = tally.count_of("pacsd_hook", "acme")
    for number in range(LAST_CALLS + 5):
        tally.note(count, call(number))
    assert [each.ended_at for each in tally.last_calls()] == [*range(5, LAST_CALLS + 5)]
