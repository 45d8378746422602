"""How a plugin does, as it says itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Health:
    """Whether it does its work; if not, `explanation` says what is wrong, in a sentence."""

    is_well: bool
    explanation: str = ""
