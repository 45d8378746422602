"""Results of storage commitment that come when nobody waits for them any more (PS3.4 annex J).

A peer may take hours to say that it keeps something. What it says then is kept for whoever asks
next, and meanwhile it is not asked for the same again. All of it is lost with the process: then a
peer is asked once more, which harms nobody.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pacsd.archive.commitments import Safe, SafeAnswer, Sent, answers_of
from pacsd.dicom.commitment import CommitmentResult, Reference

OPEN_S = 21_600.0
"""After which a peer is asked again that has not said anything."""
KEPT_S = 86_400.0
"""How long what it said is kept."""
MAX_REFERENCES = 100_000
"""Of which anything is known; the oldest transactions are forgotten first."""

_NOT_YET = "asked, and not answered yet"


@dataclass(slots=True)
class _Transaction:
    peer_ae: str
    references: tuple[Reference, ...]
    asked_at_s: float
    ends_at_s: float
    answers: dict[Reference, SafeAnswer] | None = None


class LateResults:
    """The transactions of peers that did not answer in time, and what they said since."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._transactions: dict[tuple[str, str], _Transaction] = {}
        self._references = 0

    def expect(
        self,
        peer_ae: str,
        transaction_uid: str,
        references: Sequence[Reference],
        asked_ago_s: float = 0.0,
    ) -> None:
        """A peer was asked so many seconds ago, and its result may come at any time."""
        now_s = self._clock_s()
        made = _Transaction(peer_ae, tuple(references), now_s - asked_ago_s, now_s + OPEN_S)
        self._transactions[peer_ae, transaction_uid] = made
        self._references += len(references)
        while self._references > MAX_REFERENCES:
            self._forget(next(iter(self._transactions)))

    async def heard(self, peer_ae: str, result: CommitmentResult, /) -> bool:
        """Keep a result, if it is that of such a transaction; one counts, the first."""
        found = self._transactions.get((peer_ae, result.transaction_uid))
        if found is None or found.answers is not None:
            return False
        found.answers = {each.reference: each for each in answers_of(found.references, result)}
        found.ends_at_s = self._clock_s() + KEPT_S
        return True

    def take(self, peer_ae: str, sent: Iterable[Sent]) -> dict[Reference, SafeAnswer]:
        """What the peer said of these, once; of those that it still owes an answer, that.

        What it was asked before one was sent is forgotten: that was another of the same UID.
        """
        self._forget_old()
        now_s = self._clock_s()
        sent_at_s = {each.reference: now_s - each.ago_s for each in sent}
        answered, owed = dict[Reference, SafeAnswer](), dict[Reference, SafeAnswer]()
        for key, each in self._of(peer_ae):
            named = [one for one in each.references if one in sent_at_s]
            old = {one for one in named if sent_at_s[one] > each.asked_at_s}
            current = [one for one in named if one not in old]
            if each.answers is None:
                owed |= {one: SafeAnswer(one, Safe.UNKNOWN, _NOT_YET) for one in current}
            else:
                answered |= {one: each.answers[one] for one in current}
                old.update(current)
            self._keep(key, each, [one for one in each.references if one not in old])
        return owed | answered

    def _of(self, peer_ae: str) -> Iterator[tuple[tuple[str, str], _Transaction]]:
        for key, each in list(self._transactions.items()):
            if each.peer_ae == peer_ae:
                yield key, each

    def _keep(self, key: tuple[str, str], each: _Transaction, left: list[Reference]) -> None:
        """Of a transaction only these are of interest any more."""
        self._references -= len(each.references) - len(left)
        each.references = tuple(left)
        if not left:
            del self._transactions[key]

    def _forget_old(self) -> None:
        now_s = self._clock_s()
        for key, each in list(self._transactions.items()):
            if each.ends_at_s <= now_s:
                self._forget(key)

    def _forget(self, key: tuple[str, str]) -> None:
        self._references -= len(self._transactions.pop(key).references)
