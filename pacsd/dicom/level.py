"""The levels of the information model of Query/Retrieve (PS3.4 section C.6.1.1.1)."""

from enum import IntEnum


class Level(IntEnum):
    """Query/Retrieve levels, the outermost first."""

    PATIENT = 1
    STUDY = 2
    SERIES = 3
    INSTANCE = 4

    @property
    def term(self) -> str:
        """The value of Query/Retrieve Level (0008,0052)."""
        return "IMAGE" if self is Level.INSTANCE else self.name

    @classmethod
    def of_term(cls, term: str) -> "Level | None":
        """The level that a value of (0008,0052) names, None if it is none."""
        return next((level for level in cls if level.term == term), None)
