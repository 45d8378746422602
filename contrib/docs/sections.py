"""Documents with generated sections: what stands between two marks is written by `make docs`."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

Section = Callable[[], str]

_SECTION = re.compile(
    r"(?P<begin><!-- begin (?P<name>[a-z_-]+): written by make docs -->\n)"
    r".*?(?P<end><!-- end (?P=name) -->)",
    re.DOTALL,
)


def fill(text: str, sections: Mapping[str, Section]) -> str:
    """Write the generated sections of a document anew; the prose around them stays.

    Raises:
        KeyError: the document has a section that nobody writes.
    """

    def written(match: re.Match[str]) -> str:
        body = sections[match["name"]]().strip("\n")
        return f"{match['begin']}{body}\n{match['end']}"

    return _SECTION.sub(written, text)


def section_names(text: str) -> list[str]:
    """The generated sections a document has, in order."""
    return [match["name"] for match in _SECTION.finditer(text)]


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; a cell's line breaks and bars stay inside the cell."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def code(value: object) -> str:
    """Text set as code, '' as nothing."""
    return f"`{value}`" if str(value) else ""


def _cell(value: object) -> str:
    return " ".join(str(value).replace("|", r"\|").split())
