"""What holds for every test: a busy machine is no failure, and none may hang for ever."""

import faulthandler

import pytest
from _pytest.faulthandler import fault_handler_stderr_fd_key
from hypothesis import settings

settings.register_profile("pacsd", parent=settings(), deadline=None)
settings.load_profile("pacsd")

GRACE_S = 60
"""For what a test that has failed, or is out of time, does to end: fixtures, tasks of its loop."""


def pytest_timeout_set_timer(item: pytest.Item, settings: object) -> None:
    """See that a test ends some time after it is out of time."""
    seconds = getattr(settings, "timeout", None)
    if seconds:
        _end_process_after(seconds + GRACE_S, item.config)


@pytest.hookimpl(trylast=True)
def pytest_exception_interact(node: pytest.Item | pytest.Collector) -> None:
    """See that a test that has failed ends: from here on pytest-timeout does not."""
    _end_process_after(GRACE_S, node.config)


def pytest_runtest_logfinish() -> None:
    """It has ended."""
    faulthandler.cancel_dump_traceback_later()


def _end_process_after(seconds: float, config: pytest.Config) -> None:
    # Not what sys.stderr is now: that is shown at the end of a test only.
    stderr = config.stash[fault_handler_stderr_fd_key]
    faulthandler.dump_traceback_later(seconds, exit=True, file=stderr)
