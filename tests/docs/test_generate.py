import subprocess
import sys
from pathlib import Path

import pytest

from contrib.docs.generate import DOCS, ROOT, documents, sections_of
from contrib.docs.sections import section_names

MADE = documents()
"""Made once: that takes seconds."""


@pytest.mark.parametrize("path", MADE, ids=str)
def test_the_file_is_current(path: Path) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == MADE[path], "run `make docs`"


@pytest.mark.parametrize("name", sections_of())
def test_every_section_has_its_marks(name: str) -> None:
    text = (ROOT / DOCS / name).read_text(encoding="utf-8")
    assert sorted(section_names(text)) == sorted(sections_of()[name])


def test_runs_as_make_docs_does() -> None:
    command = [sys.executable, "-c", "import contrib.docs.generate as each; print(each.ROOT)"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == str(ROOT)


def test_make_docs_calls_it() -> None:
    assert "python -m contrib.docs.generate" in (ROOT / "Makefile").read_text(encoding="utf-8")
