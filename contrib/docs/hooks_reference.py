"""The hooks, from their specifications."""

import inspect
from collections.abc import Callable

from pacsd.api.hook_facts import Kind, Policy
from pacsd.api.hooks import HOOKS, hook_facts

_ON_FAILURE = {
    Policy.CLOSED: "the answer is no, or the attempt fails",
    Policy.OPEN: "it goes on without this one",
    Policy.AGAIN: "it is told again later",
}


def render() -> str:
    """Each hook with its signature and its documentation."""
    return "\n".join(map(_hook, HOOKS.values()))


def render_facts() -> str:
    """All hooks in a table: kind, deadline, what a failure means, since when."""
    rows = [
        f"| `{facts.name}` | {facts.kind} | {_deadline(facts.kind, facts.deadline_s)} |"
        f" {facts.policy}: {_ON_FAILURE[facts.policy]} | {facts.since} |"
        for facts in map(hook_facts, HOOKS)
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


def _hook(specification: Callable[..., object]) -> str:
    arguments = ", ".join(
        f"{each.name}: {_short(each.annotation)}"
        for each in inspect.signature(specification).parameters.values()
    )
    answer = _short(inspect.signature(specification).return_annotation)
    name = getattr(specification, "__name__", "")
    text = _listed(inspect.getdoc(specification) or "")
    return f"### {name}\n\n```python\n{name}({arguments}) -> {answer}\n```\n\n{text}\n"


def _short(annotation: object) -> str:
    """A type without the modules it comes from."""
    if isinstance(annotation, type):
        return annotation.__name__
    names = str(annotation).split(" | ")
    return " | ".join(name.rpartition(".")[2] for name in names)


def _listed(documentation: str) -> str:
    """Google's sections as Markdown: a heading in bold, indented lines as text."""
    lines = [
        f"**{line[:-1]}**" if line in {"Args:", "Returns:", "Raises:"} else line.strip()
        for line in documentation.splitlines()
    ]
    return "\n".join(f"{line}\n" if line.startswith("**") else line for line in lines)
