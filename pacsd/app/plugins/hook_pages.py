"""The hooks as their documentation has them: one page each, from the specification alone."""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass

from pacsd.api.hook_facts import Kind, Policy
from pacsd.api.hooks import HOOKS, hook_facts

_MODULES = re.compile(r"(?:\w+\.)+(?=\w)")


@dataclass(frozen=True, slots=True)
class HookPage:
    """All there is to know about a hook; `documentation` begins with its `summary`."""

    name: str
    kind: Kind
    policy: Policy
    deadline_s: float
    since: str
    signature: str
    summary: str
    documentation: str


def hook_page(name: str) -> HookPage:
    """The page of a hook.

    Raises:
        KeyError: there is no such hook.
    """
    specification = HOOKS[name]
    facts = hook_facts(name)
    documentation = inspect.getdoc(specification) or ""
    return HookPage(
        name=name,
        kind=facts.kind,
        policy=facts.policy,
        deadline_s=facts.deadline_s,
        since=facts.since,
        signature=_signature(name, specification),
        summary=documentation.partition("\n")[0],
        documentation=documentation,
    )


def hook_pages() -> list[HookPage]:
    """The pages of all hooks, in the order of the guide."""
    return [hook_page(name) for name in HOOKS]


def _signature(name: str, specification: Callable[..., object]) -> str:
    signature = inspect.signature(specification)
    arguments = ", ".join(
        f"{each.name}: {_short(each.annotation)}" for each in signature.parameters.values()
    )
    return f"{name}({arguments}) -> {_short(signature.return_annotation)}"


def _short(annotation: object) -> str:
    """A type without the modules it comes from."""
    return _MODULES.sub("", inspect.formatannotation(annotation))
