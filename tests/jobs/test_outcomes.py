from pacsd.jobs.backoff import Backoff
from pacsd.jobs.outcomes import Dead, Done, Handler, Later, Outcome, Retry


async def run(job: object) -> Outcome:
    del job
    return Done()


def test_a_handler_has_a_back_off_of_its_own() -> None:
    assert Handler(run, 5).backoff == Backoff()
    assert Handler(run, 5, Backoff(first_s=1)).backoff.first_s == 1


def test_outcomes_say_why() -> None:
    outcomes: list[Outcome] = [Done("a"), Retry("b"), Dead("c"), Later("d", 5)]
    assert [type(each).__name__ for each in outcomes] == ["Done", "Retry", "Dead", "Later"]
    assert Retry("b").after_s is None
