from contrib.docs.hooks_reference import render, render_facts, render_kinds
from pacsd.api.hook_facts import Kind
from pacsd.api.hooks import HOOKS


def test_every_hook_is_there_with_its_signature() -> None:
    text = render()
    assert all(f"### {name}\n" in text for name in HOOKS)
    assert "pacsd_association_requested(request: AssociationRequest) -> Refusal | None" in text


def test_every_hook_is_in_the_table() -> None:
    rows = render_facts().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == list(HOOKS)
    [row] = [row for row in rows if "pacsd_before_delete" in row]
    assert row.startswith("| `pacsd_before_delete` | vote | 5 s for all together | closed: ")


def test_every_kind_is_explained() -> None:
    lines = render_kinds().splitlines()
    assert [line.split("**")[1] for line in lines] == [str(kind) for kind in Kind]
    assert any(line.startswith("- **vote**: All are asked; any denial wins.") for line in lines)
