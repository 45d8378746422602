from structlog.testing import capture_logs

from pacsd.app.target_log import TargetLog
from pacsd.jobs.target_gates import TargetGates


def test_a_target_that_goes_down_and_comes_back_is_a_line_each() -> None:
    now_s = [100.0]
    gates = TargetGates(lambda: now_s[0], lambda: 0.0, observer=TargetLog())
    with capture_logs() as captured:
        gates.open("target:peer:SITEB")
        gates.close("target:peer:SITEB", "refused")
        gates.close("target:peer:SITEB", "still refused")
        now_s[0] += 3_600.4
        gates.open("target:peer:SITEB")
        gates.open("target:peer:SITEB")
    assert captured == [
        {
            "event": "target is down: what goes there waits",
            "log_level": "warning",
            "target": "peer:SITEB",
            "why": "refused",
        },
        {
            "event": "target works again",
            "log_level": "info",
            "target": "peer:SITEB",
            "down_s": 3_600,
        },
    ]
