"""Records of ingest: what comes in and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pacsd.api.reception import Reception
from pacsd.dicom.part10 import ZERO_PREAMBLE
from pacsd.dicom.quirks import Quirk, QuirkKind
from pacsd.dicom.tag import Tag
from pacsd.index.records import Outcome


@dataclass(frozen=True, slots=True)
class SenderPolicy:
    """What a sender may do with instances that are here already, and what it is told.

    `restores_deleted`: sending a deleted instance again brings it back. `warns_of_conflict`:
    another version is answered with a warning (B000) instead of a failure. `warns_of_quirks`: an
    object that breaks the standard is answered with a warning (B007) instead of success.
    """

    restores_deleted: bool = False
    warns_of_conflict: bool = False
    warns_of_quirks: bool = False


DEFAULT_POLICY = SenderPolicy()


@dataclass(frozen=True, slots=True)
class InstanceRequest:
    """A SOP Instance that is about to arrive, named by the command, its syntax by the context.

    The UIDs are checked by whoever speaks the protocol; none is empty. `preamble` is that of the
    file it comes as. With `study_instance_uid` it must be of that study.
    """

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    reception: Reception
    policy: SenderPolicy = DEFAULT_POLICY
    preamble: bytes = ZERO_PREAMBLE
    study_instance_uid: str = ""


_ASIDE = frozenset({Outcome.WAITING, Outcome.SUSPECT, Outcome.ASIDE_KNOWN})


@dataclass(frozen=True, slots=True)
class IngestOutcome:
    """How it ended: a status of PS3.4 section B.2.3, and what goes with it.

    `comment` is the text for Error Comment (0000,0902), `offending` are the Offending Elements
    (0000,0901). `became` is None for an object that the index was not asked about. `quirks` are
    those of one it was asked about. `number` is ours of what is not shown: of a held instance, or
    of the version that was put into quarantine.
    """

    status: int
    comment: str
    data_set_bytes: int
    offending: tuple[Tag, ...] = ()
    became: Outcome | None = None
    quirks: tuple[Quirk, ...] = ()
    number: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether it is durable, but not shown: it names another patient than its study has."""
        return self.became is Outcome.HELD

    @property
    def is_set_aside(self) -> bool:
        """Whether it is durable, but not shown: a plugin wants it to be released first."""
        return self.became in _ASIDE


NEWLY_KEPT = frozenset(
    {
        Outcome.STORED,
        Outcome.HELD,
        Outcome.WAITING,
        Outcome.SUSPECT,
        Outcome.RESTORED,
        Outcome.REPAIRED,
    }
)
"""With one of these the file that was written is in use."""


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """How one store is doing: why nothing goes in, why somebody should look at it; None if well."""

    refusal: str | None
    warning: str | None


@dataclass(frozen=True, slots=True)
class IngestHealth:
    """How ingest is doing; `refusal` is None when objects are taken in, else why not.

    `stores` says it of each store by its name. `warning` is None when nobody has to look at a
    store, else why somebody should. `became` counts objects by what the index decided; None are
    those that were not kept. `zeroed_preambles` counts objects that came with a preamble and are
    stored without, `quirks` those newly kept that have such a quirk.
    """

    refusal: str | None
    warning: str | None
    open_objects: int
    waiting_objects: int
    became: Mapping[Outcome | None, int]
    stored_bytes: int
    zeroed_preambles: int
    quirks: Mapping[QuirkKind, int]
    stores: Mapping[str, StoreHealth] = field(default_factory=dict)

    @property
    def stored_objects(self) -> int:
        """How many objects are newly kept."""
        return sum(self.became.get(outcome, 0) for outcome in NEWLY_KEPT)
