"""Where each setting comes from: option, environment, file, default; the first that says wins."""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

from pacsd.app.conf.decode import Problem
from pacsd.app.conf.errors import ConfigError
from pacsd.app.conf.setting_keys import format_path
from pacsd.app.conf.toml_document import Document
from pacsd.app.conf.toml_lines import KeyPath


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was given.

    `file` is a file's name, "environment", "command line" or "default"; `name` the variable or
    option, "" for a file.
    """

    file: str
    name: str = ""
    line: int | None = None

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where} {self.name}".strip()


DEFAULT = Origin("default")


@dataclass(frozen=True, slots=True)
class Override:
    """A value that goes before the file's."""

    path: KeyPath
    value: object
    origin: Origin


class Sources:
    """A document and what overrides it, lowest first."""

    def __init__(self, document: Document | None, overrides: Iterable[Override] = ()) -> None:
        self.document = document
        self._origins: dict[KeyPath, Origin] = {}
        self.tree: dict[str, object] = deepcopy(document.tree) if document else {}
        for override in overrides:
            self._origins[override.path] = override.origin
            _put(self.tree, override.path, override.value)

    def origin(self, path: KeyPath) -> Origin:
        """Return who gave the value at a key path."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._origins:
                return self._origins[path[:length]]
        document = self.document
        if document is None or not _has(document.tree, path):
            return DEFAULT
        return Origin(str(document.path), "", document.line_of(path))

    def folder(self, path: KeyPath) -> Path:
        """Return the directory from which a relative path at this key is seen."""
        document = self.document
        is_in_file = document is not None and self.origin(path).file == str(document.path)
        return document.path.parent if document is not None and is_in_file else Path()

    def error(self, problem: Problem) -> ConfigError:
        """Give a problem its place."""
        origin = self.origin(problem.path)
        key = origin.name or format_path(problem.path)
        document = self.document
        if origin is DEFAULT and document is not None:
            # The key is not written: its table, or a key that it depends on, is.
            return ConfigError(
                str(document.path), document.line_of(problem.path), key, problem.value, problem.rule
            )
        file = "" if origin is DEFAULT else origin.file
        return ConfigError(file, origin.line, key, problem.value, problem.rule)


def _put(tree: dict[str, object], path: KeyPath, value: object) -> None:
    """Set a value; tables and list items on the way that are missing or of no use are made."""
    *parents, last = path
    container: object = tree
    for part, following in zip(parents, path[1:], strict=True):
        inner = _get(container, part)
        if not isinstance(inner, list if isinstance(following, int) else dict):
            inner = [] if isinstance(following, int) else {}
            _set(container, part, inner)
        container = inner
    _set(container, last, value)


def _set(container: object, part: str | int, value: object) -> None:
    if isinstance(container, dict):
        container[part] = value
    elif isinstance(container, list) and isinstance(part, int):
        container[part : part + 1] = [value]


def _has(tree: object, path: KeyPath) -> bool:
    for part in path:
        tree = _get(tree, part)
    return tree is not None


def _get(container: object, part: str | int) -> object:
    if isinstance(container, dict):
        return container.get(part)
    if isinstance(container, list) and isinstance(part, int) and part < len(container):
        return container[part]
    return None
