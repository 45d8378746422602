"""The records that hooks take and answer, and what a Host gives, from their classes."""

import dataclasses
import importlib
import inspect
import re
from collections.abc import Iterator
from enum import Enum
from types import ModuleType
from typing import Any

from contrib.docs.sections import code, table
from pacsd.dicom.dictionary import keyword_of
from pacsd.index.attributes import ATTRIBUTES

MODULES = (
    *("plugin", "host", "instances", "labels", "audit", "keys", "metrics"),
    *("reception", "acceptance", "access", "query_results", "receiving", "removal", "vote"),
    *(
        "events",
        "event_subject",
        "routing",
        "route_target",
        "coercion",
        "transcoder",
        "ai",
        "ai_runner",
    ),
    *("http", "commands", "config_change", "health", "store", "errors"),
)
"""Of pacsd.api, in the order of the page."""

_LEFT_OUT = frozenset({"Logger", "SystemClock"})
_PLACE = re.compile(r"\b[a-z_]+(\.[a-z_]+)*\.(?=[A-Z])")


def render() -> str:
    """A section for each module, with all classes that it defines."""
    return "\n\n".join(map(_section, MODULES))


def render_attributes() -> str:
    """The attributes that the index keeps, by level."""
    rows = [
        (level.name.lower(), ", ".join(_keywords(attributes)))
        for level, attributes in ATTRIBUTES.items()
    ]
    return table(("Level", "Keywords"), rows)


def _keywords(attributes: tuple[Any, ...]) -> Iterator[str]:
    for each in attributes:
        keyword = keyword_of(each.tag)
        if keyword:
            yield f"`{keyword}`"


def _section(name: str) -> str:
    module = importlib.import_module(f"pacsd.api.{name}")
    classes = "\n\n".join(_class(each) for each in _classes(module))
    return f"## {name}\n\n{inspect.cleandoc(module.__doc__ or '')}\n\n{classes}"


def _classes(module: ModuleType) -> Iterator[type]:
    for name, found in vars(module).items():
        is_own = inspect.isclass(found) and found.__module__ == module.__name__
        if is_own and not name.startswith("_") and name not in _LEFT_OUT:
            yield found


def _class(found: type) -> str:
    text = inspect.cleandoc(found.__doc__ or "")
    return "\n\n".join(filter(None, (f"### {found.__name__}", text, _inside(found))))


def _inside(found: type) -> str:
    if issubclass(found, Enum):
        return "\n".join(f"- `{each.name}` = `{each.value!r}`" for each in found)
    if dataclasses.is_dataclass(found):
        rows = [(code(each.name), code(_type(each)), _default(each)) for each in _fields(found)]
        fields = table(("Field", "Type", "Default"), rows)
        return "\n\n".join(filter(None, (fields, _told_methods(found))))
    return _told_methods(found)


def _told_methods(found: type) -> str:
    return "\n".join(map(_method, _methods(found)))


def _fields(found: type) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(found)


def _type(field: dataclasses.Field[Any]) -> str:
    written = field.type if isinstance(field.type, str) else inspect.formatannotation(field.type)
    return _PLACE.sub("", written).replace("'", "")


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        value = repr(field.default)
        return "" if " object at " in value else code(value)
    return code("{}") if field.default_factory is dict else ""


def _methods(found: type) -> Iterator[tuple[str, Any]]:
    for name, method in vars(found).items():
        if inspect.isfunction(method) and not name.startswith("_"):
            yield name, method


def _method(named: tuple[str, Any]) -> str:
    name, method = named
    kind = "async def" if inspect.iscoroutinefunction(method) else "def"
    parameters = [each for each in inspect.signature(method).parameters if each != "self"]
    said = inspect.cleandoc(method.__doc__ or "").split("\n\n")[0].replace("\n", " ")
    return f"- `{kind} {name}({', '.join(parameters)})`: {said}"
