r"""Wild Card Matching: `*` any characters or none, `?` any one (PS3.4 section C.2.2.2.4).

Whatever the pattern, a match takes time in proportion to pattern and text: atomic groups take a
part where it first fits and never look for another place, which is all that wild cards need.
"""

import re
from functools import cached_property

_WILD = re.compile(r"[*?]+")


class Pattern:
    """A key with or without wild cards."""

    def __init__(self, text: str) -> None:
        self.text = _WILD.sub(_tidy, text)

    @property
    def is_universal(self) -> bool:
        """Whether everything matches, which is Universal Matching."""
        return self.text == "*"

    @cached_property
    def has_wildcards(self) -> bool:
        """Whether it is more than one text."""
        return _WILD.search(self.text) is not None

    @cached_property
    def prefix(self) -> str:
        """What every match begins with."""
        return _WILD.split(self.text, maxsplit=1)[0]

    @cached_property
    def longest_literal(self) -> str:
        """The longest text that every match holds, `prefix` included."""
        return max(_WILD.split(self.text), key=len)

    @property
    def is_prefix(self) -> bool:
        """Whether `prefix` says it all: what begins so matches."""
        return self.text == self.prefix + "*"

    @property
    def is_substring(self) -> bool:
        """Whether `longest_literal` says it all: what holds it matches."""
        return self.text == f"*{self.longest_literal}*"

    def matches(self, text: str) -> bool:
        """Whether all of the text fits."""
        if not self.has_wildcards:
            return text == self.text
        return self._regex.fullmatch(text) is not None

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        first, *others = self.text.split("*")
        if not others:
            return re.compile(_literal(first), re.DOTALL)
        *between, last = others
        found = "".join(f"(?>.*?{_literal(part)})" for part in between)
        return re.compile(f"{_literal(first)}{found}.*{_literal(last)}", re.DOTALL)


def _tidy(wild: re.Match[str]) -> str:
    """`*?*?` asks for two characters or more: nothing is looked for between its stars."""
    return "?" * wild[0].count("?") + "*" * ("*" in wild[0])


def _literal(part: str) -> str:
    runs = re.split(r"(\?+)", part)
    return "".join(f".{{{len(run)}}}" if run[:1] == "?" else re.escape(run) for run in runs)
