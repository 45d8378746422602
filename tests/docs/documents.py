"""The documents as tests read them: files, links and command lines."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from contrib.docs.generate import ROOT

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_END_OF_COMMAND = {"|", "||", "&", "&&", ";", ">", "2>", "<"}


def documents() -> list[Path]:
    return [
        *(ROOT / name for name in ("README.md", "CHANGELOG.md")),
        *sorted((ROOT / "contrib/docs").glob("*.md")),
        *sorted((ROOT / "plugins").glob("*/README.md")),
    ]


def links(text: str) -> Iterator[str]:
    """Targets of links outside code."""
    prose = _INLINE.sub("", _FENCE.sub("", text))
    for target in _LINK.findall(prose):
        if "://" not in target:
            yield target


def anchors(text: str) -> set[str]:
    """The anchors a page gives its headings."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@dataclass(frozen=True)
class Block:
    """A fenced block: what it is in, and what it holds."""

    language: str
    body: str


def blocks(page: Path, *headings: str) -> list[Block]:
    """The fenced blocks of these sections of a page, in their order."""
    text = page.read_text(encoding="utf-8")
    _, *sections = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    bodies = dict(zip(sections[::2], sections[1::2], strict=True))
    found = (_FENCE.findall(bodies[heading]) for heading in headings)
    return [Block(language, body) for each in found for language, body in each]


def command_lines(text: str) -> Iterator[list[str]]:
    """The arguments of every `pacsd ...`.

    A shell block has whole commands; prose may name one without what it needs, so it asks for help.
    """
    for language, body in _FENCE.findall(text):
        for line in body.replace("\\\n", " ").splitlines():
            if language == "sh" or (language == "console" and line.startswith("$ ")):
                yield from _arguments(line.removeprefix("$ "))
    for span in _INLINE.findall(_FENCE.sub("", text)):
        yield from ([*arguments, "--help"] for arguments in _arguments(span))


def _arguments(line: str) -> Iterator[list[str]]:
    if not re.match(r"(?:\w+=\S* |sudo |-u \w+ )*\S*\bpacsd(?: |$)", line):
        return
    # An argument that may be left out stands in brackets.
    words = shlex.split(line.replace("[", "").replace("]", ""), comments=True)
    names = [index for index, word in enumerate(words) if Path(word).name == "pacsd"]
    # `sudo -u pacsd pacsd ...`: the user comes first.
    start = names[1] if words[0] == "sudo" and len(names) > 1 else names[0]
    if len(words) == start + 1:
        return
    end = next((i for i, word in enumerate(words) if word in _END_OF_COMMAND), len(words))
    yield words[start + 1 : end]
