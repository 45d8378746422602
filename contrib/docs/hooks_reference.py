"""The hooks, from their specifications."""

import inspect

from pacsd.api.hook_facts import Kind, Policy
from pacsd.app.plugins.hook_pages import HookPage, hook_pages

_ON_FAILURE = {
    Policy.CLOSED: "the answer is no, or the attempt fails",
    Policy.OPEN: "it goes on without this one",
    Policy.AGAIN: "it is told again later",
}


def render() -> str:
    """Each hook with its signature and its documentation."""
    return "\n".join(map(_hook, hook_pages()))


def render_facts() -> str:
    """All hooks in a table: kind, deadline, what a failure means, since when."""
    rows = [
        f"| `{page.name}` | {page.kind} | {_deadline(page.kind, page.deadline_s)} |"
        f" {page.policy}: {_ON_FAILURE[page.policy]} | {page.since} |"
        for page in hook_pages()
    ]
    head = "| Hook | Kind | Deadline | When one raises, is late or returns junk | Since |"
    return "\n".join([head, "| --- | --- | --- | --- | --- |", *rows])


def render_kinds() -> str:
    """What the kinds mean."""
    return "\n".join(f"- **{kind}**: {_said_of(kind)}" for kind in Kind)


def _said_of(kind: Kind) -> str:
    source = inspect.getsource(Kind)
    after = source[source.index(f'{kind.name} = "') :]
    return inspect.cleandoc(after.split('"""')[1])


def _deadline(kind: Kind, seconds: float) -> str:
    return f"{seconds:g} s" if kind is Kind.PROVIDER else f"{seconds:g} s for all together"


def _hook(page: HookPage) -> str:
    text = _listed(page.documentation)
    return f"### {page.name}\n\n```python\n{page.signature}\n```\n\n{text}\n"


def _listed(documentation: str) -> str:
    """Google's sections as Markdown: a heading in bold, indented lines as text."""
    lines = [
        f"**{line[:-1]}**" if line in {"Args:", "Returns:", "Raises:"} else line.strip()
        for line in documentation.splitlines()
    ]
    return "\n".join(f"{line}\n" if line.startswith("**") else line for line in lines)
