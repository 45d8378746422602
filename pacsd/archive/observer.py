"""The port by which ingest tells whoever runs the store what goes wrong with it."""

from dataclasses import dataclass
from typing import Protocol

from pacsd.api.errors import StoreError
from pacsd.api.reception import Reception
from pacsd.api.store import Location
from pacsd.archive.instance import IngestOutcome
from pacsd.index.errors import IndexFault


@dataclass(frozen=True, slots=True)
class Concern:
    """What is wrong with the store: of which kind, in a sentence, and whether it ends storing."""

    kind: str
    why: str
    is_refusal: bool


class IngestObserver(Protocol):
    """Is told of faults, on the event loop: it must not block. No patient's value is among them."""

    def not_stored(self, reception: Reception, fault: StoreError | IndexFault) -> None:
        """An object was not kept; comes as often as objects do: the observer has to bound it."""

    def refused(self, reception: Reception, outcome: IngestOutcome) -> None:
        """An object was not kept because of what it says; comes as often as objects do."""

    def preamble_zeroed(self, reception: Reception) -> None:
        """An object came with a preamble that is not stored with it."""

    def set_aside(
        self, reception: Reception, sop_instance_uid: str, outcome: IngestOutcome
    ) -> None:
        """An object is durable but not shown, held or in quarantine: somebody has to decide."""

    def cut_short(self, reception: Reception, sop_instance_uid: str) -> None:
        """An object was newly kept that ends within an element; comes as often as objects do."""

    def not_removed(self, location: Location, error: StoreError | IndexFault) -> None:
        """A file that nothing names could not be removed; the next check will find it."""

    def concern_changed(self, before: Concern | None, now: Concern | None) -> None:
        """The store got better or worse: once for each kind of concern, None when all is well."""


class NobodyObserves:
    """For whoever does not want to know."""

    def not_stored(self, reception: Reception, fault: StoreError | IndexFault) -> None:
        """Say nothing."""

    def refused(self, reception: Reception, outcome: IngestOutcome) -> None:
        """Say nothing."""

    def preamble_zeroed(self, reception: Reception) -> None:
        """Say nothing."""

    def set_aside(
        self, reception: Reception, sop_instance_uid: str, outcome: IngestOutcome
    ) -> None:
        """Say nothing."""

    def cut_short(self, reception: Reception, sop_instance_uid: str) -> None:
        """Say nothing."""

    def not_removed(self, location: Location, error: StoreError | IndexFault) -> None:
        """Say nothing."""

    def concern_changed(self, before: Concern | None, now: Concern | None) -> None:
        """Say nothing."""
