from pacsd_target_s3.run import Run

from pacsd.api.audit import AuditNote
from pacsd.api.route_target import DeliveryOutcome, DeliveryResult, InstanceResult
from pacsd.testing.route_contract import delivery

AGAIN, DELIVERED = DeliveryOutcome.AGAIN, DeliveryOutcome.DELIVERED
LEFT = InstanceResult("1.2.3.1.1", AGAIN, "why")


def run_of_three() -> Run:
    run = Run(delivery(3))
    run.delivered("1.2.3.1.0")
    run.leave("1.2.3.1.1", AGAIN, "why")
    return run


def test_what_all_were_tried_for_is_delivered_but_for_those_left() -> None:
    assert run_of_three().result() == DeliveryResult(DELIVERED, exceptions=(LEFT,), status="200")


def test_after_a_failure_what_was_not_tried_is_named_by_nobody() -> None:
    run = run_of_three()
    run.failure = "it is down"
    done = InstanceResult("1.2.3.1.0", DELIVERED, status="200")
    assert run.result() == DeliveryResult(AGAIN, "it is down", (done, LEFT))


def test_what_left_is_noted() -> None:
    assert Run(delivery(3)).note() is None
    detail = "1 of 3 instances to target"
    assert run_of_three().note() == AuditNote("send", "not all", "1.2.3", detail)
    run = Run(delivery(1))
    run.delivered("1.2.3.1.0")
    assert run.note() == AuditNote("send", "done", "1.2.3", "1 of 1 instances to target")
