"""The associations over which peers asked for storage commitment, as long as they are open.

The result may be told over the same one (PS3.4 section J.3.3), where the peer still waits for it.
"""

from collections import OrderedDict
from dataclasses import dataclass
from weakref import ref

from pacsd.net.invoking import Invoking
from pacsd.ul.negotiation import PresentationContext

MAX_LINES = 10_000
"""Transactions whose association is remembered; without it a new one tells their results."""


@dataclass(frozen=True, slots=True)
class AskingLine:
    """An association, and the presentation context over which was asked."""

    line: Invoking
    context: PresentationContext


class CommitmentLines:
    """By peer and transaction. An association that is gone is not kept from being forgotten."""

    def __init__(self) -> None:
        self._lines: OrderedDict[tuple[str, str], tuple[ref[Invoking], PresentationContext]] = (
            OrderedDict()
        )

    def note(self, peer_ae: str, transaction_uid: str, asking: AskingLine) -> None:
        """It was asked over this one; of too many the oldest is forgotten."""
        key = peer_ae, transaction_uid
        self._lines.pop(key, None)
        self._lines[key] = ref(asking.line), asking.context
        if len(self._lines) > MAX_LINES:
            self._lines.popitem(last=False)

    def forget(self, peer_ae: str, transaction_uid: str) -> None:
        """Nothing is to be told over it any more."""
        self._lines.pop((peer_ae, transaction_uid), None)

    def find(self, peer_ae: str, transaction_uid: str) -> AskingLine | None:
        """The association of a transaction, if it is open still."""
        found = self._lines.get((peer_ae, transaction_uid))
        if found is None:
            return None
        line = found[0]()
        if line is None or not line.session.is_established:
            self.forget(peer_ae, transaction_uid)
            return None
        return AskingLine(line, found[1])
