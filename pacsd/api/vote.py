"""The answer of hooks that vote: who denies says why; who has nothing against it says None."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deny:
    """It shall not be done; `reason` is told to who wanted it, and logged: no secrets in it."""

    reason: str
