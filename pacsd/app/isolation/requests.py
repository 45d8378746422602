"""What the daemon asks a plugin's process, and what it is answered."""

from collections.abc import Mapping
from dataclasses import dataclass

from pacsd.api.dispatch.asked_for import Asked
from pacsd.app.conf.decode import Problem
from pacsd.app.isolation.home import HookTraits
from pacsd.app.isolation.scalar_values import Json
from pacsd.app.isolation.values import form_of

MAX_ASKED = 16
"""How much a plugin may have asked of the daemon at a time."""


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """The plugin to be loaded, and how much memory it may have."""

    name: str
    entry_point: str
    table: Json
    data_dir: str
    memory_mb: int


@dataclass(frozen=True, slots=True)
class Arrived:
    """It is loaded and implements these hooks."""

    hooks: Mapping[str, HookTraits]


@dataclass(frozen=True, slots=True)
class TableRefused:
    """Its table does not fit its settings."""

    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A hook to be called, with those arguments that its implementation names.

    `within`: what is asked for by name meanwhile, see `pacsd.api.dispatch.asked_for`.
    """

    hook: str
    arguments: Json
    within: Asked = ()


LOAD_REQUEST = form_of(LoadRequest)
LOAD_REPLY = form_of(Arrived | TableRefused)
CALL_REQUEST = form_of(CallRequest)
SENTENCES = form_of(tuple[str, ...])
