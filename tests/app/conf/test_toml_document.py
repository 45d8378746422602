from pathlib import Path

import pytest

from pacsd.app.conf.errors import ConfigErrors
from pacsd.app.conf.toml_document import MAX_FILE_BYTES, read


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a = 1\na = 2\n", ":2: not TOML: a key or table is given twice"),
        (b"[a]\n[a]\n", ":2: not TOML: Cannot declare ('a',) twice"),
        (b"a = 1\n\nb = yes\n", ":3: not TOML: invalid value; text stands in quotes"),
        (b"a = 'x\n", ":1: not TOML: "),
        (b"a = [1,\n\n", ":1: not TOML: "),
        (b"a = " + b"[" * 10_000 + b"]" * 10_000, ": nests deeper than 16 levels"),
        (b"a = " + b"{a=" * 10_000 + b"1" + b"}" * 10_000, ": nests deeper than 16 levels"),
        (b".".join([b"a"] * 20) + b" = 1", ": nests deeper than 16 levels"),
        (b"a = " + b"[" * 20 + b"]" * 20, ": nests deeper than 16 levels"),
        (b"# " + b"x" * MAX_FILE_BYTES, ": is larger than 1048576 bytes"),
        (b"a = 1\nb = '\0'\n", ":2: NUL character"),
        ("a = 1\n".encode("utf-16"), ": is UTF-16; TOML is UTF-8"),
        ("a = 1\n".encode("utf-16-le"), ":1: NUL character"),
        (b"a = 1\nb = '\xe4'\n", ":2: byte 0xE4 is not UTF-8"),
    ],
)
def test_each_hostile_file_gives_one_line(tmp_path: Path, data: bytes, text: str) -> None:
    path = tmp_path / "pacsd.toml"
    path.write_bytes(data)
    with pytest.raises(ConfigErrors) as caught:
        read(path)
    (error,) = caught.value.errors
    assert str(error).startswith(f"{path}{text}")
    assert "\n" not in str(error)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match="cannot be read: No such file or directory"):
        read(tmp_path / "none.toml")
    with pytest.raises(ConfigErrors, match="is not a file"):
        read(tmp_path)


def test_lines_of_a_file_from_windows(tmp_path: Path) -> None:
    path = tmp_path / "pacsd.toml"
    path.write_bytes(b"\xef\xbb\xbf# \xc3\xa4\r\n[a]\r\nb = 1\r\n")
    document = read(path)
    assert document.tree == {"a": {"b": 1}}
    assert document.line_of(("a", "b")) == 3


def test_line_of_what_is_not_written_is_that_of_its_table(tmp_path: Path) -> None:
    path = tmp_path / "pacsd.toml"
    path.write_text("\n[a]\nb = 1\n", encoding="utf-8")
    document = read(path)
    assert document.line_of(("a", "c", 0)) == 2
    assert document.line_of(("x",)) is None
