"""What a measure is, and what its figures mean."""

from collections.abc import Callable
from dataclasses import dataclass

from contrib.bench.servers import Peer

Values = dict[str, float | None]
"""Figure key -> value; None where the server did not answer."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is done: `FULL` for the record, `QUICK` to see that it works."""

    rounds: int
    seconds: float
    settle_s: float
    idle_associations: int
    held_associations: int
    asks: int
    objects: int


FULL = Scale(5, 3.0, 5.0, 1_000, 10_000, 200, 200)
QUICK = Scale(1, 0.5, 1.0, 50, 200, 20, 8)


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table. `target` is what pacsd shall reach, in words.

    `has_ratio` is false where a quotient of two values says nothing, as of percentages.
    """

    key: str
    title: str
    target: str = ""
    has_ratio: bool = True


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure: its figures, and how they are taken of one peer, once.

    `only` names the peers it is for; empty means every one. `needs_many` leaves out those that
    serve one association at a time.
    """

    name: str
    figures: tuple[Figure, ...]
    take: Callable[[Peer, Scale], Values]
    only: tuple[str, ...] = ()
    needs_many: bool = False

    def is_for(self, peer: Peer) -> bool:
        """Whether the peer can be measured so."""
        return (not self.only or peer.name in self.only) and peer.serves_many >= self.needs_many


def per_total(cpu_s: float, total: float | None) -> float | None:
    """Microseconds of CPU for each operation."""
    return cpu_s / total * 1e6 if total else None
