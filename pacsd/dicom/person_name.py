"""Person Names: component groups of components (PS3.5 section 6.2.1)."""

from collections.abc import Mapping
from dataclasses import dataclass

_GROUP_DELIMITER = "="
_GROUPS = 3
COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
"""Their names where each has one (PS3.19 section A.1.6), in their order."""


@dataclass(frozen=True, slots=True)
class PersonName:
    """The component groups of one value, as written but without trailing delimiters and spaces."""

    alphabetic: str = ""
    ideographic: str = ""
    phonetic: str = ""

    def __str__(self) -> str:
        """The value as it stands in an element."""
        groups = (self.alphabetic, self.ideographic, self.phonetic)
        return _GROUP_DELIMITER.join(groups).rstrip(_GROUP_DELIMITER)


def parse_person_name(value: str) -> PersonName:
    """The component groups of a value; what stands behind the third belongs to it."""
    groups = value.split(_GROUP_DELIMITER, _GROUPS - 1)
    return PersonName(*(group.strip(" \0").rstrip("^ ") for group in groups))


def components(component_group: str) -> tuple[str, str, str, str, str]:
    """Family name, given name, middle name, prefix, suffix; what stands behind belongs to it."""
    parts = [part.strip(" ") for part in component_group.split("^", len(COMPONENTS) - 1)]
    family, given, middle, prefix, suffix = parts + [""] * (len(COMPONENTS) - len(parts))
    return family, given, middle, prefix, suffix


def join_components(named: Mapping[str, str]) -> str:
    """The component group of these components, by their names."""
    return "^".join(named.get(name, "") for name in COMPONENTS).rstrip("^")
