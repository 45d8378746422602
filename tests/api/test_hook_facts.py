from pacsd.api.hook_facts import HookFacts, Kind, Policy, facts_of, specification


def test_what_is_declared_is_found_again() -> None:
    @specification(Kind.FIRST, Policy.OPEN, deadline_s=2, since="0.1", answers=(int,))
    def pacsd_something(number: int) -> int | None:
        """Never called."""

    facts = HookFacts("pacsd_something", Kind.FIRST, Policy.OPEN, 2, (int,), "0.1")
    assert facts_of(pacsd_something) == facts
    assert facts_of(len) is None
