"""What a measure is, and what its figures mean."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from contrib.bench.cohort import Cohort
from contrib.bench.servers import Peer, Service

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
    cohort: Cohort
    slices: int
    long_slices: int
    """Of a study of which only the metadata are asked for."""
    large_frames: int
    busy_slices: int
    """Whose frames are asked for while others store."""
    indexed: Cohort
    jobs: int
    """In the index."""
    forwarded: int
    """Slices of a CT that is forwarded while a target is dead."""
    forwarded_rows: int
    """Of each of them, and as many columns."""
    folder: Path
    """Where filled archives are kept, from round to round."""


FULL = Scale(
    rounds=5,
    seconds=3.0,
    settle_s=5.0,
    idle_associations=1_000,
    held_associations=10_000,
    asks=200,
    objects=200,
    cohort=Cohort(400, 25),
    slices=500,
    long_slices=5_000,
    large_frames=1_000,
    busy_slices=100,
    indexed=Cohort(100_000, 2, studies_a_day=50, smith_every=500),
    jobs=1_000_000,
    forwarded=500,
    forwarded_rows=512,
    folder=Path(),
)
QUICK = Scale(
    rounds=1,
    seconds=0.5,
    settle_s=1.0,
    idle_associations=50,
    held_associations=200,
    asks=20,
    objects=8,
    cohort=Cohort(24, 5),
    slices=20,
    long_slices=300,
    large_frames=20,
    busy_slices=20,
    indexed=Cohort(2_000, 1, studies_a_day=50, smith_every=100),
    jobs=20_000,
    forwarded=20,
    forwarded_rows=512,
    folder=Path(),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table. `target` is what pacsd shall reach, in words.

    `has_ratio` is false where a quotient of two values says nothing, as of percentages. `only`
    names the peers it is taken of; empty means all that the measure is for.
    """

    key: str
    title: str
    target: str = ""
    has_ratio: bool = True
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure: its figures, and how they are taken of one peer, once.

    `service` is what a peer must offer. `only` names the peers it is for; empty means every one.
    `needs_many` leaves out those that serve one association at a time.
    """

    name: str
    figures: tuple[Figure, ...]
    take: Callable[[Peer, Scale], Values]
    only: tuple[str, ...] = ()
    needs_many: bool = False
    service: Service = Service.STORAGE

    def is_for(self, peer: Peer) -> bool:
        """Whether the peer can be measured so."""
        if self.only and peer.name not in self.only:
            return False
        return self.service in peer.services and peer.serves_many >= self.needs_many


def per_total(cpu_s: float, total: float | None) -> float | None:
    """Microseconds of CPU for each operation."""
    return cpu_s / total * 1e6 if total else None
