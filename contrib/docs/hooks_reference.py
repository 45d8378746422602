"""The hooks, from their specifications."""

import inspect
from collections.abc import Callable

from pacsd.api import hooks


def render() -> str:
    """Each hook with its signature and its documentation."""
    return "\n".join(map(_hook, specifications()))


def specifications() -> list[Callable[..., object]]:
    """The hook specifications, in the order of the source."""
    functions = inspect.getmembers(hooks, inspect.isfunction)
    found = [each for _, each in functions if hasattr(each, f"{hooks.PROJECT}_spec")]
    return sorted(found, key=lambda each: each.__code__.co_firstlineno)


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
