"""The port RouteTarget: somewhere that studies are sent to, and the records of a delivery."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pacsd.api.instances import InstanceFacts

MAX_INSTANCES = 1_000
"""Of one `send`."""


class DeliveryOutcome(StrEnum):
    """What became of instances.

    REFUSED: the target will never take them. AGAIN: it did not take them now.
    """

    DELIVERED = "delivered"
    REFUSED = "refused"
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is to be sent: `instances`, of a study, a series or an instance, '' where it is not one.

    `attempt` is 1 for the first one. `reason` is why, as the route says.
    """

    target: str
    reason: str
    attempt: int
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    instances: tuple[InstanceFacts, ...]


@dataclass(frozen=True, slots=True)
class InstanceResult:
    """What became of one instance, where that is not what became of the others."""

    sop_instance_uid: str
    outcome: DeliveryOutcome
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """What became of a delivery: of all its instances but for the `exceptions`.

    `explanation` is for whoever runs pacsd: why not, without a patient's values.
    """

    outcome: DeliveryOutcome
    explanation: str = ""
    exceptions: tuple[InstanceResult, ...] = ()


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
    was given up after the last attempt. `delivered` and `refused` count instances.
    """

    target: str
    reason: str
    outcome: DeliveryOutcome
    attempts: int
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    delivered: int
    refused: int
    explanation: str
