"""The port by which ingest tells whoever runs the store what goes wrong with it."""

from dataclasses import dataclass
from typing import Protocol

from pacsd.api.errors import StoreError
from pacsd.api.reception import Reception


@dataclass(frozen=True, slots=True)
class Concern:
    """What is wrong with the store: of which kind, in a sentence, and whether it ends storing."""

    kind: str
    why: str
    is_refusal: bool


class IngestObserver(Protocol):
    """Is told of faults, on the event loop: it must not block. No patient's value is among them."""

    def not_stored(self, reception: Reception, error: StoreError) -> None:
        """An object was not kept; comes as often as objects do: the observer has to bound it."""

    def concern_changed(self, before: Concern | None, now: Concern | None) -> None:
        """The store got better or worse: once for each kind of concern, None when all is well."""


class NobodyObserves:
    """For whoever does not want to know."""

    def not_stored(self, reception: Reception, error: StoreError) -> None:
        """Say nothing."""

    def concern_changed(self, before: Concern | None, now: Concern | None) -> None:
        """Say nothing."""
