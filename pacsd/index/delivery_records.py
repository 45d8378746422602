"""The records of deliveries: what is to be sent where, and what became of each instance of it."""

from dataclasses import dataclass
from enum import IntEnum

from pacsd.index.job_records import JobClass


class DeliveryState(IntEnum):
    """How far a delivery is. What comes later to its study opens it again.

    REFUSED: nothing of it waits, but its target will never have some of it. GIVEN_UP: its attempts
    or its time are used up. MOVED: what waited goes to another target.
    """

    OPEN = 1
    DELIVERED = 2
    REFUSED = 3
    GIVEN_UP = 4
    MOVED = 5


class ItemState(IntEnum):
    """What became of an instance.

    GONE: it was not here any more when it was to be sent. MOVED: it goes to another target.
    """

    WAITING = 1
    DELIVERED = 2
    REFUSED = 3
    GONE = 4
    MOVED = 5


class Commitment(IntEnum):
    """Whether its target has said that it keeps an instance (PS3.4 section J)."""

    NONE = 0
    AWAITED = 1
    COMMITTED = 2
    FAILED = 3


@dataclass(frozen=True, slots=True)
class Order:
    """Instances shall go to a target: of a study, a series or one, as the UIDs say ('' is all).

    `change` is the number of the change that gave rise to it. The order is of `plugin` by `rule`,
    because of `reason`. `is_urgent`: it goes before what waits for its target already.
    """

    plugin: str
    rule: str
    target: str
    reason: str
    priority: JobClass
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    change: int
    coercion: str = ""
    is_urgent: bool = False
    partition: int = 1


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A delivery as it stands: that of a study to a target by a rule.

    `covered` is the number of the last change that asked for some of it, `confirmed` that up to
    which all of it has come to an end. `waiting`, `delivered` and `refused` count instances; what
    is gone or goes elsewhere counts as neither.
    """

    id: int
    partition: int
    plugin: str
    rule: str
    target: str
    study_instance_uid: str
    reason: str
    coercion: str
    priority: JobClass
    state: DeliveryState
    covered: int
    confirmed: int
    waiting: int
    delivered: int
    refused: int
    created_at_us: int
    changed_at_us: int
    explanation: str


@dataclass(frozen=True, slots=True)
class Item:
    """An instance of a delivery.

    `sha256` and `size_bytes` are those of the data set as it is stored here. `status` is what the
    target answered, `sent_at_us` when; 0: it has not. `attempts` counts those of this instance.
    """

    sop_instance_uid: str
    series_instance_uid: str
    number: int
    sha256: bytes
    size_bytes: int
    state: ItemState
    attempts: int
    status: str
    explanation: str
    sent_at_us: int
    commitment: Commitment
    committed_at_us: int


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of an instance in an attempt; WAITING: it is to be tried again.

    WAITING and AWAITED: it was sent, and is not sent again before its target has said whether it
    keeps it. `sent_at_us` is when it was sent, 0: now; `is_attempt` False: it was only asked after.
    """

    sop_instance_uid: str
    state: ItemState
    status: str = ""
    explanation: str = ""
    commitment: Commitment = Commitment.NONE
    sent_at_us: int = 0
    is_attempt: bool = True


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries a list has; None: all."""

    state: DeliveryState | None = None
    target: str | None = None
    study_instance_uid: str | None = None


@dataclass(frozen=True, slots=True)
class PausedTarget:
    """A target to which nothing is sent, who said so, and when."""

    target: str
    actor: str
    paused_at_us: int
