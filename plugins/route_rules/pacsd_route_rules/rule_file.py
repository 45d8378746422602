"""A rule file as it is written: TOML, decoded strictly.

mode = "all"                                  # or "first": the first rule that matches decides

[groups]
scanners = ["CT*", "MR*"]                     # AE titles; rules name it as "@scanners"

[[rule]]
name = "chest to site B"
of = "study"                                  # once it is quiet; or "series", or "instance"
from = ["@scanners"]                          # calling AE titles
called = ["PACSD"]                            # called AE titles
match = { Modality = "CT", StudyDescription = ["*CHEST*", "*THORAX*"] }
unless = { "RequestAttributesSequence.RequestedProcedureID" = "T*" }
labels = ["urgent"]                           # the study has all of these
during = "mon-fri 08:00-18:00"                # when it was stored, or is quiet
min_bytes = 1_000_000
max_bytes = 50_000_000_000
to = ["peer:SITEB"]
coerce = "site B"                             # copies by this coercion leave (plugin coerce)
priority = "high"                             # or "medium", or "low"
"""

import tomllib
from collections.abc import Sequence
from typing import Literal

from pydantic import Field, ValidationError

from pacsd.api.matching.terms import MatchTerms, Texts
from pacsd.api.routing import RoutePriority
from pacsd.api.settings import Settings

MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_RULES = 10_000
MAX_NAME_LENGTH = 200
MAX_TOLD = 20
"""Errors that are told, of those that a file has."""


class RuleFileError(ValueError):
    """A rule file that cannot be used; the text names rule, key, value and rule broken."""


class RuleTable(MatchTerms):
    """A rule: what has to be so, and where that goes."""

    name: str = Field(min_length=1, max_length=MAX_NAME_LENGTH)
    """What it is called, wherever somebody is told why something went somewhere."""

    of: Literal["instance", "series", "study"] = "study"
    """What it looks at: each instance that is stored, or each series or study that is quiet."""

    to: Texts = ()
    """Targets. None: it stays here; in the mode "first" no later rule is asked, either."""

    coerce: str = ""
    """The coercion by which copies are made that leave instead; '' = what is stored leaves."""

    priority: RoutePriority = Field(default=RoutePriority.MEDIUM, strict=False)
    """Which deliveries of a target go first: those of "high", then "medium", then "low"."""


class RuleFile(Settings):
    """All rules, in their order."""

    mode: Literal["all", "first"] = "all"
    """Whether every rule that matches counts, or only the first one."""

    groups: dict[str, Texts] = Field(default_factory=dict)
    """AE titles by a name of your own, with wild cards."""

    rule: tuple[RuleTable, ...] = Field(default=(), max_length=MAX_RULES)
    """The rules."""


def read_rule_file(text: str) -> RuleFile:
    """Decode a rule file.

    Raises:
        RuleFileError: it is none; says everything that is wrong.
    """
    if len(text) > MAX_FILE_BYTES:
        raise RuleFileError(f"has {len(text)} characters, {MAX_FILE_BYTES} are the most")
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RuleFileError(f"is no TOML: {error}") from None
    try:
        return RuleFile.model_validate(table)
    except ValidationError as error:
        raise RuleFileError(several(_said(table, error))) from None


def several(errors: Sequence[str]) -> str:
    """What is wrong, in one line of a log and of bounded length."""
    more = len(errors) - MAX_TOLD
    return "; ".join([*errors[:MAX_TOLD], *([f"and {more} more"] if more > 0 else [])])


def _said(table: dict[str, object], error: ValidationError) -> list[str]:
    return [
        f"{_where(table, each['loc'])}: {each['msg']}" for each in error.errors(include_url=False)
    ]


def _where(table: dict[str, object], path: tuple[int | str, ...]) -> str:
    """The key, after its rule by number and, if it has one, by name."""
    match path:
        case ("rule", int(number), *keys):
            rules = table["rule"]
            rule = rules[number] if isinstance(rules, list) else None
            name = rule.get("name") if isinstance(rule, dict) else None
            called = f" {name!r}" if isinstance(name, str) else ""
            return ": ".join([f"rule {number + 1}{called}", *map(str, keys[:1])])
        case _:
            return ".".join(map(str, path))
