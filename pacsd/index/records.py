"""The records of the interface: what is brought to the index and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from pacsd.api.reception import DEFAULT_PARTITION, Reception
from pacsd.api.store import Location
from pacsd.dicom.level import Level
from pacsd.dicom.tag import Tag
from pacsd.index.overlay_records import Correction


@dataclass(frozen=True, slots=True)
class Scope:
    """What a read may see: one partition, and only `studies` (their UIDs) where they are given."""

    partition: int = DEFAULT_PARTITION
    studies: frozenset[str] | None = None


class InstanceState(IntEnum):
    """What an instance is to its readers; only live ones are shown to peers."""

    LIVE = 1
    HELD = 2
    PROVISIONAL = 3
    DELETED = 4


class CopyState(IntEnum):
    """How a copy was found when it was last read."""

    OK = 1
    DAMAGED = 2
    MISSING = 3


class ChangeKind(IntEnum):
    """What happened, in the change log."""

    STORED = 1
    HELD = 2
    REPAIRED = 3
    RESTORED = 4
    QUARANTINED = 5
    DISCARDED = 6
    RELEASED = 7
    DELETED = 8
    COPY_FAILED = 9
    CORRECTED = 10
    PURGED = 11
    SERIES_QUIET = 12
    STUDY_QUIET = 13


class Outcome(StrEnum):
    """What became of an instance that was brought to the index."""

    STORED = "stored"
    """It is new."""
    HELD = "held"
    """It is new, but names another patient for a known study: durable, not shown."""
    DUPLICATE = "duplicate"
    """The same data set is stored already."""
    REPAIRED = "repaired"
    """The same data set was stored, but damaged: the new copy has taken its place."""
    RESTORED = "restored"
    """It had been deleted, and is there again."""
    REFUSED_DELETED = "refused: deleted"
    """It had been deleted, and its sender may not bring it back."""
    CONFLICT = "conflict"
    """Another data set has its SOP Instance UID: this one lies in quarantine now."""
    CONFLICT_KNOWN = "conflict known"
    """Another data set has its SOP Instance UID: this one lay in quarantine before."""
    CONFLICT_FULL = "conflict, quarantine full"
    """Another data set has its SOP Instance UID, and quarantine takes no more."""
    WAITING = "waiting"
    """It is new, and a plugin wants it to wait for its release: it lies in quarantine now."""
    SUSPECT = "suspect"
    """It is new, and a plugin takes it for suspicious: it lies in quarantine now."""
    ASIDE_KNOWN = "set aside known"
    """The same data set was set aside before, and lies in quarantine still."""
    ASIDE_FULL = "set aside, quarantine full"
    """A plugin wants it set aside, and quarantine takes no more."""


@dataclass(frozen=True, slots=True)
class NewCopy:
    """Where the new file lies; `sha256` digests the data set only, of `data_set_bytes` bytes."""

    store: str
    key: str
    size_bytes: int
    data_set_bytes: int
    sha256: bytes

    @property
    def location(self) -> Location:
        """The file, as its store names it."""
        return Location(self.store, self.key, self.size_bytes)


class AsideKind(StrEnum):
    """Why a plugin wants an instance kept without being shown."""

    HOLD = "hold"
    """It waits for its release."""
    QUARANTINE = "quarantine"
    """It is suspicious."""


@dataclass(frozen=True, slots=True)
class Aside:
    """An instance is not shown until it is released: `actor`, a plugin, wants it so."""

    kind: AsideKind
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class NewInstance:
    """A composite instance that is durable in a store and asks to be indexed.

    `attributes` holds the text of `pacsd.index.attributes.TAGS`, decoded, several values joined by
    backslashes; `extras` that of user-chosen tags, by `ExtraTag.id`. A missing
    `issuer_of_patient_id` is ''. `header` is what the header database shall give back, and may be
    empty. `restores_deleted` is the sender's policy for instances that were deleted. `coercions`
    are laid over it as it comes in, where nothing lies yet; with `aside` it is not shown.
    """

    reception: Reception
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    study_instance_uid: str
    series_instance_uid: str
    patient_id: str
    issuer_of_patient_id: str
    attributes: Mapping[Tag, str]
    copy: NewCopy
    header: bytes = b""
    extras: Mapping[int, str] = field(default_factory=dict)
    restores_deleted: bool = False
    coercions: tuple[Correction, ...] = ()
    aside: Aside | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of an instance; `verified_at_us` is 0 until it was read back once."""

    instance: int
    location: Location
    data_set_bytes: int
    sha256: bytes
    transfer_syntax_uid: str
    state: CopyState
    verified_at_us: int


@dataclass(frozen=True, slots=True)
class NamedPatient:
    """A patient as an instance names it."""

    patient_id: str
    issuer_of_patient_id: str
    patient_name: str

    @property
    def key(self) -> tuple[str, str]:
        """What tells patients apart, within a study."""
        return self.patient_id, self.issuer_of_patient_id


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """An instance, the study and patient it names, and its copies.

    `id` is our own number of it, `series` that of its series. A held instance hangs in none: the
    UIDs and the patient are those that it names itself.
    """

    id: int
    partition: int
    state: InstanceState
    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    patient_id: str
    issuer_of_patient_id: str
    received_at_us: int
    copies: tuple[Copy, ...]
    series: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one instance of a group.

    `keeps_file`: the file just written is now the index's; else the caller removes it.
    `removable`: another file that nothing names any more. `existing` is the copy stored before.
    `instance` is our number of the instance, `quarantined` that of the version in quarantine.
    `version` is that version's copy, for the caller to compare with `existing`. Of one that was set
    aside `instance` is 0: it is none.
    """

    outcome: Outcome
    instance: int
    keeps_file: bool
    existing: Copy | None = None
    removable: Location | None = None
    quarantined: int | None = None
    version: Copy | None = None


@dataclass(frozen=True, slots=True)
class QuarantinedVersion:
    """A data set that is kept without being shown; `version.header` is empty.

    Without `aside` another one had its SOP Instance UID.
    """

    id: int
    version: NewInstance
    aside: Aside | None = None


@dataclass(frozen=True, slots=True)
class HeldInstance:
    """An instance that names another patient than its study has; with what it brought."""

    id: int
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    patient_id: str
    issuer_of_patient_id: str
    attributes: Mapping[Tag, str]
    extras: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the change log. What is not concerned is None; `quarantined` as in Verdict."""

    number: int
    partition: int
    kind: ChangeKind
    at_us: int
    study: int | None
    series: int | None
    instance: int | None
    quarantined: int | None


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Changes by rising number. In another `epoch` numbers mean something else: start again."""

    epoch: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what, to which study, and how it ended (words, not sentences)."""

    actor: str
    action: str
    outcome: str
    study_instance_uid: str = ""
    peer_address: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An entry that was added to the trail, and when (UTC microseconds since 1970)."""

    at_us: int
    entry: AuditEntry


@dataclass(frozen=True, slots=True)
class CopyCheck:
    """How the file of a copy was found when it was read back at `checked_at_us`."""

    instance: int
    location: Location
    state: CopyState
    checked_at_us: int


@dataclass(frozen=True, slots=True)
class Released:
    """What became of a version that left quarantine for the archive.

    `superseded` is the instance that had its UID: a version in quarantine now. `removable` are
    other copies of that one, which nothing names any more.
    """

    verdict: Verdict
    superseded: int | None
    removable: tuple[Location, ...]


class ExtraTagState(IntEnum):
    """Whether values of instances that came before the tag was chosen are there yet."""

    REINDEXING = 1
    COMPLETE = 2


@dataclass(frozen=True, slots=True)
class ExtraTag:
    """A tag that a user chose to have indexed, kept for each study, series or instance.

    Of a private tag the element's block says nothing: `tag` has 00 there, `private_creator` names
    it. An online reindex has read the instances up to `reindexed_to`, of those that came before
    `reindexed_before`.
    """

    id: int
    level: Level
    tag: Tag
    private_creator: str
    vr: str
    state: ExtraTagState
    reindexed_to: int
    reindexed_before: int


@dataclass(frozen=True, slots=True)
class CopyCount:
    """Copies of one store in one state."""

    store: str
    state: CopyState
    copies: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class IndexStats:
    """What the index holds: rows of this partition, bytes of the tables with all partitions.

    `table_bytes` is empty where the database cannot tell.
    """

    rows: Mapping[str, int]
    table_bytes: Mapping[str, int]
    instances: Mapping[InstanceState, int]
    copies: tuple[CopyCount, ...]
    first_change: int
    last_change: int


@dataclass(frozen=True, slots=True)
class IndexHealth:
    """How the index is doing; costs nothing to ask.

    `header_failures` and `failed_checkpoints` count faults that harmed no answer.
    `headers_recreated_because` and `upgraded_from` are '' when nothing of the kind was done.
    """

    waiting_units: int
    wal_bytes: int
    failed_checkpoints: int
    header_failures: int
    headers_recreated_because: str
    upgraded_from: str
