"""How many associations are open, and whether there is a place for one more (row by row D13)."""

from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """One taken place; give it back once."""

    called_ae: str
    caller: str


@dataclass(frozen=True, slots=True)
class Full:
    """There is no place; `key` is the setting that bounds it, `limit` its value."""

    key: str
    limit: int


class Places:
    """The places of one daemon. `reserved` of `total` are kept for known peers."""

    def __init__(self, total: int, reserved: int) -> None:
        self._total = total
        self._reserved = reserved
        self._taken = 0
        self._per_caller: Counter[str] = Counter()
        self._per_called: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._taken

    def take(
        self,
        place: Place,
        *,
        is_known: bool,
        caller_limit: tuple[str, int],
        called_limit: tuple[str, int] | None,
    ) -> Full | None:
        """Take a place; a `Full` says which limit, named by its setting, forbids it."""
        total = self._total if is_known else self._total - self._reserved
        if self._taken >= total:
            return Full("dimse.max_associations", total)
        if self._per_caller[place.caller] >= caller_limit[1]:
            return Full(*caller_limit)
        if called_limit is not None and self._per_called[place.called_ae] >= called_limit[1]:
            return Full(*called_limit)
        self._taken += 1
        self._per_caller[place.caller] += 1
        self._per_called[place.called_ae] += 1
        return None

    def give_back(self, place: Place) -> None:
        """The association of this place has ended."""
        self._taken -= 1
        for counter, name in (
            (self._per_caller, place.caller),
            (self._per_called, place.called_ae),
        ):
            counter[name] -= 1
            if not counter[name]:
                del counter[name]
