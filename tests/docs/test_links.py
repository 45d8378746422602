from pathlib import Path

import pytest

from tests.docs.documents import anchors, documents, links


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target in links(text):
        file, _, anchor = target.partition("#")
        found = (path.parent / file) if file else path
        assert found.exists(), target
        if anchor:
            assert anchor in anchors(found.read_text(encoding="utf-8")), target


def test_links_in_code_are_no_links() -> None:
    assert list(links("[a](b.md) `[c](d.md)`\n```\n[e](f.md)\n```\n[g](https://h)")) == ["b.md"]


def test_anchors_are_those_of_headings() -> None:
    assert anchors("## What is wrong?\n```\n# not one\n```\n") == {"what-is-wrong"}
