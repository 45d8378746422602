"""The answers of hooks that vote: who denies says why; who has no opinion says None."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deny:
    """It shall not be done; `reason` is told to who wanted it, and logged: no secrets in it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Allow:
    """It may be done, unless somebody else denies it."""
