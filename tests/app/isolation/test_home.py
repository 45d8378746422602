from pacsd.app.isolation.home import Health, Home, State
from pacsd.app.isolation.inline import InlineHome
from pacsd.app.isolation.process import GuestProcess
from pacsd.app.isolation.thread import ThreadHome


def test_every_home_is_one() -> None:
    homes: list[type[Home]] = [InlineHome, ThreadHome, GuestProcess]
    names = {name for name in vars(Home) if not name.startswith("_")}
    assert names == {"hooks", "check", "start", "call", "stop", "health"}
    assert all(names <= {*dir(home)} for home in homes)


def test_health_without_a_process_has_no_number() -> None:
    health = Health(State.RUNNING)
    assert (health.restarts, health.retry_in_s, health.pid, health.resident_bytes) == (
        0,
        None,
        None,
        None,
    )
