"""A new plugin: a package that works at once, written from the templates of its kind.

Each folder of `pacsd/app/plugin_templates` is a kind. Its files are written with their names less
`.template`; `NAME` in a name, and `$name`, `$module` and `$package` in a file, are those of the
plugin. Another kind is added by adding a folder.
"""

import re
import shutil
from collections.abc import Collection, Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from keyword import iskeyword
from pathlib import Path, PurePosixPath
from string import Template

MAX_NAME_LENGTH = 32

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", re.ASCII)
_TEMPLATES = files("pacsd.app") / "plugin_templates"
_SUFFIX = ".template"


class NotMade(Exception):
    """A plugin is not made; the text says why."""


def kinds() -> list[str]:
    """The kinds of plugins there are templates of."""
    return sorted(each.name for each in _TEMPLATES.iterdir() if each.is_dir())


def make_plugin(name: str, kind: str, into: Path, taken: Collection[str]) -> Path:
    """Write a package into a new folder of its own in `into`, which it returns.

    `taken` are the names that installed plugins have. Blocks.

    Raises:
        NotMade: the name or the kind will not do, or the folder cannot be made.
    """
    _check(name, kind, taken)
    package = f"pacsd-{name.replace('_', '-')}"
    values = {"name": name, "module": f"pacsd_{name}", "package": package}
    folder = into / package
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise NotMade(f"{folder} is there already: nothing is overwritten") from None
    except OSError as error:
        raise NotMade(f"{folder}: {error.strerror or error}") from error
    try:
        for path, text in _rendered(kind, values):
            _write(folder / path, text)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise NotMade(f"{folder}: {error.strerror or error}") from error
    return folder


def _check(name: str, kind: str, taken: Collection[str]) -> None:
    if not _NAME.fullmatch(name) or len(name) > MAX_NAME_LENGTH or iskeyword(name):
        raise NotMade(
            f"name {name!a}: lower-case letters, digits and single underscores, a letter first,"
            f" at most {MAX_NAME_LENGTH}, no word of Python"
        )
    if name in taken:
        raise NotMade(f"name {name!a}: a plugin of this name is installed")
    if kind not in kinds():
        raise NotMade(f"kind {kind!a}: there is {', '.join(kinds())}")


def _rendered(kind: str, values: dict[str, str]) -> Iterator[tuple[PurePosixPath, str]]:
    for path, template in _files(_TEMPLATES / kind, PurePosixPath()):
        name = str(path).replace("NAME", values["name"]).removesuffix(_SUFFIX)
        text = template.read_text(encoding="utf-8")
        yield PurePosixPath(name), Template(text).substitute(values)


def _files(folder: Traversable, path: PurePosixPath) -> Iterator[tuple[PurePosixPath, Traversable]]:
    for each in sorted(folder.iterdir(), key=lambda found: found.name):
        if each.is_dir():
            yield from _files(each, path / each.name)
        elif each.name.endswith(_SUFFIX):
            yield path / each.name, each


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
