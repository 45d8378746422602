"""Which line of a TOML document gives which key."""

import re
import tomllib
from bisect import bisect_right

KeyPath = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY_PART = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_STRING = re.compile(
    r'''"""(?:[^\\]|\\.)*?"{3,5}(?!")|\'\'\'.*?'{3,5}(?!')|"(?:[^"\\\n]|\\.)*"|'[^'\n]*\'''',
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}\n#]+")


def locate(text: str) -> dict[KeyPath, int]:
    """Map each table, key and array item of a valid TOML text to its line, counted from 1.

    An item of an array of tables is counted from 0: `("peer", 1, "host")` is the host of the
    second `[[peer]]`. What a text that tomllib refuses gives is undefined.

    Raises:
        RecursionError: the text nests deeper than the interpreter's stack.
    """
    return _Locator(text).run()


class _Locator:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.lines: dict[KeyPath, int] = {}
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._array_lengths: dict[KeyPath, int] = {}

    def run(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        while self._skip(_BLANK):
            if self.text.startswith("[", self.position):
                table = self._header()
            else:
                self._pair(table)
        return self.lines

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        """Move behind what matches here; say whether any text is left."""
        match = pattern.match(self.text, self.position)
        if match is not None:
            self.position = match.end()
        return self.position < len(self.text)

    def _note(self, path: KeyPath) -> None:
        self.lines.setdefault(path, bisect_right(self._line_starts, self.position))

    def _header(self) -> KeyPath:
        is_array = self.text.startswith("[[", self.position)
        self.position += 1 + is_array
        *parents, last = self._key()
        path: KeyPath = ()
        for part in parents:
            path = self._inside((*path, part))
        path = (*path, last)
        self._note(path)
        if is_array:
            self._array_lengths[path] = self._array_lengths.get(path, 0) + 1
        path = self._inside(path)
        self._note(path)
        self._skip(_SPACE)
        self.position += 1 + is_array
        return path

    def _inside(self, path: KeyPath) -> KeyPath:
        """Return the path of the last item when `path` is an array of tables."""
        self._note(path)
        length = self._array_lengths.get(path)
        return path if length is None else (*path, length - 1)

    def _key(self) -> list[str]:
        parts: list[str] = []
        while True:
            self._skip(_SPACE)
            match = _KEY_PART.match(self.text, self.position)
            raw = match.group() if match else ""
            self.position += len(raw)
            parts.append(str(tomllib.loads(f"k={raw}")["k"]) if raw[:1] in ("'", '"') else raw)
            self._skip(_SPACE)
            if not self.text.startswith(".", self.position):
                return parts
            self.position += 1

    def _pair(self, table: KeyPath) -> None:
        path = table
        start = self.position
        for part in self._key():
            path = (*path, part)
            self.lines.setdefault(path, bisect_right(self._line_starts, start))
        self.position += 1  # the equals sign
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        if self.text.startswith("[", self.position):
            self._array(path)
        elif self.text.startswith("{", self.position):
            self._inline_table(path)
        else:
            self._skip(_STRING if self.text[self.position] in "\"'" else _SCALAR)

    def _array(self, path: KeyPath) -> None:
        self.position += 1
        index = 0
        while self._skip(_BLANK) and not self.text.startswith("]", self.position):
            self._note((*path, index))
            self._value((*path, index))
            index += 1
            self._skip_comma()
        self.position += 1

    def _inline_table(self, path: KeyPath) -> None:
        self.position += 1
        while self._skip(_BLANK) and not self.text.startswith("}", self.position):
            self._pair(path)
            self._skip_comma()
        self.position += 1

    def _skip_comma(self) -> None:
        self._skip(_BLANK)
        self.position += self.text.startswith(",", self.position)
