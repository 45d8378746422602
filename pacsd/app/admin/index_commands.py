"""The commands of the admin socket about the index."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from pacsd.app.admin.unix_socket import AdminError, Command
from pacsd.index.errors import IndexFault
from pacsd.index.index import Index
from pacsd.index.records import IndexStats, Scope


@dataclass(frozen=True, slots=True)
class CopiesAnswer:
    """Files of one store in one state."""

    store: str
    state: str
    copies: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class StatsAnswer:
    """What the index holds: rows and bytes by table, instances by state, files."""

    rows: dict[str, int]
    table_bytes: dict[str, int]
    instances: dict[str, int]
    copies: tuple[CopiesAnswer, ...]
    first_change: int
    last_change: int

    @classmethod
    def of(cls, stats: IndexStats) -> Self:
        """The answer for what the index says."""
        return cls(
            # SQLAlchemy's names are texts of a kind that JSON does not take for keys.
            rows={str(table): count for table, count in stats.rows.items()},
            table_bytes={str(table): size for table, size in stats.table_bytes.items()},
            instances={state.name.lower(): count for state, count in stats.instances.items()},
            copies=tuple(
                CopiesAnswer(each.store, each.state.name.lower(), each.copies, each.size_bytes)
                for each in stats.copies
            ),
            first_change=stats.first_change,
            last_change=stats.last_change,
        )


def index_commands(index: Index) -> dict[str, Command]:
    """The commands by name."""

    async def stats(_: Mapping[str, object]) -> StatsAnswer:
        try:
            return StatsAnswer.of(await index.stats(Scope()))
        except IndexFault as fault:
            raise AdminError(str(fault)) from None

    return {"index.stats": stats}
