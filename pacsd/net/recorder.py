"""The association flight recorder: what the last associations did, without patient values.

In memory and bounded: the last so many associations, of each the last so many commands and what
its presentation contexts were, and the refusals of each calling AE title. It holds names, numbers
and times; never a data set, an identifier or a user identity.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from pacsd.dicom.text import printable
from pacsd.net.settings import RecorderSettings
from pacsd.ul.negotiation import Negotiated
from pacsd.ul.pdu import AssociateRQ, ProposedContext

MAX_SYNTAXES_KEPT = 2
"""Proposed transfer syntaxes of each presentation context; of the others only the number."""

MAX_UID_KEPT = 64
"""Characters of a UID: what a longer one is worth (PS3.5 section 9.1)."""


class Outcome(StrEnum):
    """How an association ended, or that it has not."""

    OPEN = "open"
    RELEASED = "released"
    REJECTED = "rejected"
    ABORTED_BY_PEER = "aborted by the peer"
    ABORTED_BY_US = "aborted by us"
    LOST = "connection lost"


@dataclass(frozen=True, slots=True)
class CommandRecord:
    """One operation: what was asked, when (seconds after the start), how it was answered."""

    at_s: float
    name: str
    message_id: int
    sop_class_uid: str
    status: int | None
    data_set_bytes: int
    took_s: float


@dataclass(slots=True)
class ContextRecord:
    """A presentation context: what was proposed, cut short; `accepted` is '' or a syntax.

    `transfer_syntaxes` are the first of the `proposed` ones. Names are the peer's, not made safe.
    """

    context_id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]
    proposed: int
    accepted: str = ""

    @classmethod
    def of(cls, context: ProposedContext) -> "ContextRecord":
        """What is kept of a presentation context."""
        first = context.transfer_syntaxes[:MAX_SYNTAXES_KEPT]
        return cls(
            context.context_id,
            context.abstract_syntax[:MAX_UID_KEPT],
            tuple(uid[:MAX_UID_KEPT] for uid in first),
            len(context.transfer_syntaxes),
        )


@dataclass(slots=True)
class AssociationRecord:
    """One association as the recorder remembers it; times are seconds since 1970, UTC.

    Of an association that ended without having been accepted, `contexts` is empty: a stranger
    shall not fill our memory. Its number of proposals stays.
    """

    number: int
    started_at: float
    peer_address: str
    calling_ae: str = ""
    called_ae: str = ""
    implementation: str = ""
    outcome: Outcome = Outcome.OPEN
    reason: str = ""
    key: str = ""
    ended_at: float | None = None
    bytes_received: int = 0
    bytes_sent: int = 0
    operations: int = 0
    failures: int = 0
    contexts: tuple[ContextRecord, ...] = ()
    contexts_proposed: int = 0
    contexts_accepted: int = 0
    is_accepted: bool = False
    commands: deque[CommandRecord] = field(default_factory=deque)

    def requested(self, request: AssociateRQ) -> None:
        """Keep what the A-ASSOCIATE-RQ says of names; made safe for terminals and logs."""
        self.calling_ae = printable(request.calling_ae)
        self.called_ae = printable(request.called_ae)
        self.implementation = printable(
            request.user_information.implementation_version_name
            or request.user_information.implementation_class_uid
        )
        self.contexts = tuple(map(ContextRecord.of, request.contexts))
        self.contexts_proposed = len(self.contexts)

    def accepted(self, negotiated: Negotiated) -> None:
        """Keep what was agreed on."""
        self.is_accepted = True
        self.contexts_accepted = len(negotiated.contexts)
        for context in self.contexts:
            agreed = negotiated.contexts.get(context.context_id)
            if agreed is not None:
                context.accepted = agreed.transfer_syntax


@dataclass(frozen=True, slots=True)
class Refusal:
    """A caller that got no association: the answer in words, why, and the key to set.

    `calling_ae` is '' when no A-ASSOCIATE-RQ could be read.
    """

    at: float
    peer_address: str
    calling_ae: str
    called_ae: str
    rejection: str
    why: str
    key: str


class Recorder:
    """Remembers; every list has a bound, the oldest entry goes first.

    `told` is called with each refusal.
    """

    def __init__(
        self, settings: RecorderSettings, told: Callable[[Refusal], None] = lambda _: None
    ) -> None:
        self._settings = settings
        self._told = told
        self._number = 0
        self._open: dict[int, AssociationRecord] = {}
        self._ended: deque[AssociationRecord] = deque(maxlen=settings.associations)
        self._refusals: OrderedDict[str, deque[Refusal]] = OrderedDict()

    def begin(self, started_at: float, peer_address: str) -> AssociationRecord:
        """A peer asks for an association."""
        self._number += 1
        record = AssociationRecord(self._number, started_at, peer_address)
        self._open[record.number] = record
        return record

    def command(self, record: AssociationRecord, command: CommandRecord) -> None:
        """An operation of this association has ended."""
        record.operations += 1
        limit = self._settings.commands_per_association
        if limit:
            if len(record.commands) >= limit:
                record.commands.popleft()
            record.commands.append(command)

    def refused(self, refusal: Refusal) -> None:
        """A caller was refused."""
        self._told(refusal)
        kept = self._refusals.pop(refusal.calling_ae, None)
        if kept is None:
            kept = deque(maxlen=self._settings.refusals_per_peer)
        kept.append(refusal)
        self._refusals[refusal.calling_ae] = kept
        if len(self._refusals) > self._settings.refused_peers:
            self._refusals.popitem(last=False)

    def end(self, record: AssociationRecord, ended_at: float) -> None:
        """The association is over."""
        record.ended_at = ended_at
        if not record.is_accepted:
            record.contexts = ()
        del self._open[record.number]
        self._ended.append(record)

    def open_associations(self) -> Iterator[AssociationRecord]:
        """Those that have not ended, the oldest first."""
        return iter(self._open.values())

    def ended_associations(self) -> Iterator[AssociationRecord]:
        """Those that have, the last one first."""
        return reversed(self._ended)

    def last_refusal(self, calling_ae: str | None = None) -> Refusal | None:
        """The last refusal, of one caller or of all."""
        if calling_ae is None:
            calling_ae = next(reversed(self._refusals), "")
        kept = self._refusals.get(calling_ae)
        return kept[-1] if kept else None
