"""A TOML file, read once, that knows the line of each key."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pacsd.app.conf.errors import ConfigError, ConfigErrors
from pacsd.app.conf.toml_lines import KeyPath, locate

MAX_FILE_BYTES = 1_048_576
MAX_DEPTH = 16
_POSITION = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_PLAINER = {
    "Cannot overwrite a value": "a key or table is given twice",
    "Invalid value": "invalid value; text stands in quotes, true and false are lower case",
    "Invalid statement": "neither a [table], a key = value nor a # comment",
}


@dataclass(frozen=True, slots=True)
class Document:
    """A TOML file: its tree as tomllib gives it, and the line of each key path."""

    path: Path
    tree: dict[str, object]
    lines: Mapping[KeyPath, int]

    def line_of(self, path: KeyPath) -> int | None:
        """Return the line of a key, or of the innermost table around it that is written."""
        for length in range(len(path), 0, -1):
            line = self.lines.get(path[:length])
            if line is not None:
                return line
        return None


def read(path: Path) -> Document:
    """Read a TOML file.

    Raises:
        ConfigErrors: it cannot be read or is not TOML; always one error.
    """
    text = _decode(path, _read_bytes(path))
    try:
        tree = tomllib.loads(text)
        _check_depth(path, tree)
        return Document(path, tree, locate(text))
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(path, text, str(error)) from None
    except RecursionError:
        raise _refuse(path, None, f"nests deeper than {MAX_DEPTH} levels") from None


def _read_bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            path.stat()
            raise _refuse(path, None, "is not a file")
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise _refuse(path, None, f"cannot be read: {error.strerror}") from None
    if len(data) > MAX_FILE_BYTES:
        raise _refuse(path, None, f"is larger than {MAX_FILE_BYTES} bytes")
    return data


def _decode(path: Path, data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _refuse(path, None, "is UTF-16; TOML is UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refuse(path, line, f"byte 0x{data[error.start]:02X} is not UTF-8") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise _refuse(path, line, "NUL character; a file of TOML holds text only")
    return text.replace("\r\n", "\n")


def _check_depth(path: Path, tree: dict[str, object]) -> None:
    level: list[object] = [tree]
    for _ in range(MAX_DEPTH):
        level = [inner for value in level for inner in _contents(value)]
    if level:
        raise _refuse(path, None, f"nests deeper than {MAX_DEPTH} levels")


def _contents(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _syntax_error(path: Path, text: str, message: str) -> ConfigErrors:
    match = _POSITION.search(message)
    rule = message[: match.start()] if match else message
    line = int(match[1]) if match and match[1] else text.rstrip().count("\n") + 1
    return _refuse(path, line, f"not TOML: {_PLAINER.get(rule, rule)}")


def _refuse(path: Path, line: int | None, rule: str) -> ConfigErrors:
    return ConfigErrors([ConfigError(str(path), line, "", "", rule)])
