"""Matching of Person Names (PS3.4 sections C.2.2.2.1 and C.2.2.2.4, which leave it to us).

A key fits a name when one of its component groups fits: as a whole, or component by component,
where a component that the key leaves out fits any. So `SMITH` finds `Smith^John`, `^JOHN` too, and
`*JOHN*` as well. A key of one component group is looked for in all of the name's; one of several
is matched group by group, and an empty group fits any.
"""

from pacsd.dicom.folding import fold
from pacsd.dicom.person_name import parse_person_name
from pacsd.dicom.wildcard import Pattern


class NamePattern:
    """A key of VR PN, folded unless `is_exact`."""

    def __init__(self, text: str, *, is_exact: bool = False) -> None:
        groups = [group.strip(" \0").rstrip("^ ") for group in text.split("=")]
        self._groups = [_GroupPattern(group if is_exact else fold(group)) for group in groups]

    @property
    def is_universal(self) -> bool:
        """Whether every name fits."""
        return all(group.is_universal for group in self._groups)

    @property
    def is_in_any_group(self) -> bool:
        """Whether it says nothing of which component group it means."""
        return len(self._groups) == 1

    @property
    def prefix(self) -> str:
        """What the first group of every fitting name begins with, if that is the one that fits."""
        return self._groups[0].prefix

    @property
    def is_prefix(self) -> bool:
        """Whether every group fits that begins so."""
        return self.is_in_any_group and self._groups[0].is_prefix

    @property
    def is_substring(self) -> bool:
        """Whether every group fits that holds `literal`."""
        return self.is_in_any_group and self._groups[0].is_substring

    @property
    def literal(self) -> str:
        """The longest text that every fitting name holds."""
        return max((group.literal for group in self._groups), key=len)

    def matches(self, name: str) -> bool:
        """Whether it fits a name, which is folded already if the key is."""
        parsed = parse_person_name(name)
        groups = (parsed.alphabetic, parsed.ideographic, parsed.phonetic)
        if self.is_in_any_group:
            return any(self._groups[0].matches(group) for group in groups if group)
        if len(self._groups) > len(groups):
            return False
        pairs = zip(self._groups, groups, strict=False)
        return all(key.is_universal or key.matches(group) for key, group in pairs)


class _GroupPattern:
    def __init__(self, text: str) -> None:
        self.is_universal = not text.strip("*^")
        self._whole = Pattern(text)
        self._components = [Pattern(part.strip(" ")) for part in text.split("^")]

    @property
    def prefix(self) -> str:
        return self._components[0].prefix

    @property
    def is_prefix(self) -> bool:
        return len(self._components) == 1 and self._whole.is_prefix

    @property
    def is_substring(self) -> bool:
        return len(self._components) == 1 and self._whole.is_substring

    @property
    def literal(self) -> str:
        return max((component.longest_literal for component in self._components), key=len)

    def matches(self, group: str) -> bool:
        if self._whole.matches(group):
            return True
        parts = group.split("^")
        parts += [""] * (len(self._components) - len(parts))
        pairs = zip(self._components, parts, strict=False)
        return all(not key.text or key.matches(part.strip(" ")) for key, part in pairs)
