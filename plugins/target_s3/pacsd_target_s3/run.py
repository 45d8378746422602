"""What becomes of the instances of one delivery."""

from pacsd.api.audit import AuditNote
from pacsd.api.route_target import Delivery, DeliveryOutcome, DeliveryResult, InstanceResult

_TAKEN = "200"
"""What a server answers that has taken an object."""


class Run:
    """Told what became of each; `failure` is why no more are sent, "" while they are."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._left: list[InstanceResult] = []
        self._delivered: list[str] = []
        self.failure = ""

    def delivered(self, sop_instance_uid: str) -> None:
        """The bucket has one for good."""
        self._delivered.append(sop_instance_uid)

    def leave(self, sop_instance_uid: str, outcome: DeliveryOutcome, why: str) -> None:
        """One was not taken, for a reason of its own."""
        self._left.append(InstanceResult(sop_instance_uid, outcome, why))

    def result(self) -> DeliveryResult:
        """The result; after a failure what was neither taken nor left was not tried."""
        delivered = DeliveryOutcome.DELIVERED
        if not self.failure:
            return DeliveryResult(delivered, exceptions=tuple(self._left), status=_TAKEN)
        done = (InstanceResult(uid, delivered, status=_TAKEN) for uid in self._delivered)
        return DeliveryResult(DeliveryOutcome.AGAIN, self.failure, (*done, *self._left))

    def note(self) -> AuditNote | None:
        """What left, for the audit trail, however it ended."""
        if not self._delivered:
            return None
        total, sent = len(self._delivery.instances), len(self._delivered)
        detail = f"{sent} of {total} instances to {self._delivery.target}"
        outcome = "done" if sent == total else "not all"
        return AuditNote("send", outcome, self._delivery.study_instance_uid, detail)
