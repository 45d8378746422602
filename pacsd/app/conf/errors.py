"""What can be wrong with a configuration.

ConfigErrors    one file, environment or command line, everything wrong with it at once
  ConfigError   (a record, not an exception) one line: where, which key, what value, the rule
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConfigError:
    """One thing wrong with the configuration.

    `file` is a file's name, "environment" or "command line"; `line` counts from 1, None when no
    line can be named; `value` is as a person would write it, "" when it is not the point.
    """

    file: str
    line: int | None
    key: str
    value: str
    rule: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        what = f"{self.key} = {self.value}" if self.value else self.key
        return ": ".join(part for part in (where, what, self.rule) if part)


class ConfigErrors(ValueError):
    """The configuration cannot be used; `errors` holds every reason, by file and line."""

    def __init__(self, errors: Iterable[ConfigError]) -> None:
        unique = dict.fromkeys(errors)
        files = list(dict.fromkeys(error.file for error in unique))
        in_order = sorted(unique, key=lambda error: (files.index(error.file), error.line or 0))
        self.errors = tuple(in_order)
        super().__init__("\n".join(str(error) for error in self.errors))
