from pathlib import Path

import pytest

from pacsd.app.conf.decode import Problem
from pacsd.app.conf.errors import ConfigError
from pacsd.app.conf.sources import DEFAULT, Origin, Override, Sources
from pacsd.app.conf.toml_document import Document, read

VARIABLE = Origin("environment", "PACSD_X")
OPTION = Origin("command line", "--x")


@pytest.fixture
def document(tmp_path: Path) -> Document:
    path = tmp_path / "pacsd.toml"
    path.write_text('a = 1\n[t]\nb = "two"\n[[ae]]\ntitle = "A"\n[[ae]]\n', encoding="utf-8")
    return read(path)


def test_the_last_override_wins(document: Document) -> None:
    overrides = [Override(("a",), 2, VARIABLE), Override(("a",), 3, OPTION)]
    sources = Sources(document, overrides)
    assert sources.tree["a"] == 3
    assert sources.origin(("a",)) == OPTION
    assert document.tree["a"] == 1


def test_overrides_make_tables_and_items() -> None:
    overrides = [
        Override(("t", "u", "v"), 1, VARIABLE),
        Override(("ae", 0, "title"), "Q", VARIABLE),
    ]
    assert Sources(None, overrides).tree == {"t": {"u": {"v": 1}}, "ae": [{"title": "Q"}]}


def test_an_override_of_an_item_keeps_its_other_keys(document: Document) -> None:
    sources = Sources(document, [Override(("ae", 0, "x"), 1, VARIABLE)])
    assert sources.tree["ae"] == [{"title": "A", "x": 1}, {}]


def test_an_override_replaces_what_is_no_table(document: Document) -> None:
    sources = Sources(document, [Override(("a", "b"), 1, VARIABLE)])
    assert sources.tree["a"] == {"b": 1}


def test_origins(document: Document) -> None:
    sources = Sources(document, [Override(("t", "list"), ["x"], VARIABLE)])
    name = str(document.path)
    assert sources.origin(("t", "b")) == Origin(name, "", 3)
    assert sources.origin(("ae", 0, "title")) == Origin(name, "", 5)
    assert sources.origin(("ae", 1, "title")) == DEFAULT
    assert sources.origin(("t", "list", 0)) == VARIABLE
    assert sources.origin(("nothing",)) == DEFAULT


def test_origin_in_words() -> None:
    assert str(Origin("pacsd.toml", "", 3)) == "pacsd.toml:3"
    assert str(VARIABLE) == "environment PACSD_X"
    assert str(DEFAULT) == "default"


def test_folder_is_that_of_the_file_only_for_its_own_values(document: Document) -> None:
    sources = Sources(document, [Override(("t", "b"), "x", OPTION)])
    assert sources.folder(("a",)) == document.path.parent
    assert sources.folder(("t", "b")) == Path()
    assert sources.folder(("nothing",)) == Path()


def test_errors_get_their_place(document: Document) -> None:
    sources = Sources(document, [Override(("a",), 2, VARIABLE)])
    name = str(document.path)
    assert sources.error(Problem(("t", "b"), "1", "r")) == ConfigError(name, 3, "t.b", "1", "r")
    assert sources.error(Problem(("a",), "2", "r")) == ConfigError(
        "environment", None, "PACSD_X", "2", "r"
    )


def test_what_is_not_written_gets_the_line_of_its_table(document: Document) -> None:
    error = Sources(document).error(Problem(("ae", 1, "title"), "", "is required"))
    assert (error.line, error.key) == (6, "ae[2].title")
    assert Sources(None).error(Problem(("t", "b"), "", "r")) == ConfigError(
        "", None, "t.b", "", "r"
    )
