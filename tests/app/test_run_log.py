from structlog.testing import capture_logs

from pacsd.api.ai import AiFindings, RunModel
from pacsd.api.dispatch.tally import Call, Ending, Tally
from pacsd.app.run_log import HOOK, RunLog

RUN = RunModel("gpu", "nodules", "2.1")
NAMED = {"plugin": "cards", "runner": "gpu", "model": "nodules", "version": "2.1", "seconds": 1.5}


def test_a_run_is_logged_and_is_a_call_of_its_plugin() -> None:
    tally = Tally()
    log = RunLog(tally, lambda: 7.0)
    with capture_logs() as lines:
        log.run_ended(RUN, "cards", 1.5, AiFindings("3 nodules"))
        log.run_ended(RUN, "cards", 1.5, None)
    head = {"event": "model was run", "log_level": "info", **NAMED}
    assert lines == [{**head, "found": True}, {**head, "found": False}]
    assert tally.counts[HOOK, "cards"].endings == {Ending.ANSWERED: 2}
    assert (
        tally.last_calls()
        == [Call(7.0, HOOK, "cards", 1.5, Ending.ANSWERED, "run of nodules 2.1")] * 2
    )


def test_a_run_that_is_broken_off_is_no_fault_of_its_plugin() -> None:
    tally = Tally()
    with capture_logs() as lines:
        RunLog(tally, lambda: 7.0).run_broken_off(RUN, "cards", 1.5)
    event = "model begins to be run again: its runner's plugin is exchanged"
    assert lines == [{"event": event, "log_level": "warning", **NAMED}]
    assert (HOOK, "cards") not in tally.counts


def test_a_run_that_failed_is_logged_with_what_was_raised() -> None:
    tally = Tally()
    log = RunLog(tally, lambda: 7.0)
    error = RuntimeError("raised ValueError: unplugged")
    try:
        int("unplugged")
    except ValueError as cause:
        error.__cause__ = cause
    with capture_logs() as lines:
        log.run_failed(RUN, "cards", 1.5, error, is_late=False)
        log.run_failed(RUN, "cards", 1.5, TimeoutError("late"), is_late=True)
    [raised, late] = lines
    traceback = str(raised["exception"])
    assert traceback.startswith("Traceback (most recent call last):")
    assert traceback.endswith("with base 10: 'unplugged'")
    assert raised == {
        "event": "model was not run",
        "log_level": "error",
        **NAMED,
        "error": "raised ValueError: unplugged",
        "exception": traceback,
    }
    assert (late["error"], "exception" in late) == ("late", False)
    assert [call.traceback for call in tally.last_calls()] == [traceback, ""]
    assert tally.counts[HOOK, "cards"].endings == {Ending.RAISED: 1, Ending.LATE: 1}
