"""The port RouteTarget: somewhere that studies are sent to, and the records of a delivery."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pacsd.api.instances import InstanceFacts

MAX_INSTANCES = 1_000
"""Of one `send`."""


class DeliveryOutcome(StrEnum):
    """What became of instances.

    REFUSED: the target will never take them. AGAIN: it did not take them now. Where that became of
    a whole delivery, what is no exception of it was not tried at all.
    """

    DELIVERED = "delivered"
    REFUSED = "refused"
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is to be sent: `instances`, some of a study.

    `attempt` is 1 for the first one. `reason` is why, as the route says, `rule` by which rule.
    `is_urgent`: it is one of high priority.

    Until `send` has returned, `Instances.open` and `read` give the files that may leave: with what
    was corrected, and without what says how an instance came here. With a `coercion` the instances
    are copies made by it: all UIDs are those of the copies, and so are the files.
    """

    target: str
    rule: str
    reason: str
    attempt: int
    study_instance_uid: str
    instances: tuple[InstanceFacts, ...]
    coercion: str = ""
    is_urgent: bool = False


@dataclass(frozen=True, slots=True)
class InstanceResult:
    """What became of one instance, where that is not what became of the others.

    `status` is what the other side answered, as it is spelled there: `0000`, `B000`, `200`.
    """

    sop_instance_uid: str
    outcome: DeliveryOutcome
    explanation: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """What became of a delivery: of all its instances but for the `exceptions`.

    `explanation` is for whoever runs pacsd: why not, without a patient's values. `status` is what
    the other side answered.
    """

    outcome: DeliveryOutcome
    explanation: str = ""
    exceptions: tuple[InstanceResult, ...] = ()
    status: str = ""


class RouteTarget(Protocol):
    """Somewhere that studies are sent to. Both methods may be called by several tasks at once."""

    async def send(self, delivery: Delivery, /) -> DeliveryResult:
        """Send instances, at most `MAX_INSTANCES`; what is sent twice must not harm.

        DELIVERED is said of what the other side has for good, and only then: it is not sent again.
        What is raised is an AGAIN of all of them.
        """

    async def check(self) -> str | None:
        """Why nothing can be sent now, None if it can; asked before every attempt but the first."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivery that has come to its end.

    DELIVERED: all of it. REFUSED: some instances never will be, `explanation` says why. AGAIN: it
    was given up after the last attempt. `delivered` and `refused` count instances, those of before
    too: what comes later to the study is delivered as well, and told of again. `number` is that of
    `pacsd deliveries`.
    """

    number: int
    target: str
    rule: str
    reason: str
    outcome: DeliveryOutcome
    attempts: int
    study_instance_uid: str
    delivered: int
    refused: int
    explanation: str
