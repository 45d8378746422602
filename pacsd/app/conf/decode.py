"""Strict decoding of a tree into settings, and what pydantic found wrong, in plain words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails, to_json

from pacsd.api.settings import Settings
from pacsd.app.conf.setting_keys import format_path, model_at, nearest, setting_keys
from pacsd.app.conf.toml_lines import KeyPath

MAX_VALUE_LENGTH = 80
AnySettings = TypeVar("AnySettings", bound=Settings)

_RULES = {
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "dict_type": "must be a table",
    "enum": "must be {expected}",
    "finite_number": "must be a finite number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "greater_than_equal": "must be >= {ge}",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller whole number",
    "int_type": "must be a whole number",
    "less_than_equal": "must be <= {le}",
    "list_type": "must be a list [...]",
    "literal_error": "must be {expected}",
    "missing": "is required",
    "model_attributes_type": "must be a table",
    "model_type": "must be a table",
    "path_type": "must be text in quotes",
    "string_pattern_mismatch": "must match {pattern}",
    "string_too_long": "must be at most {max_length} characters",
    "string_too_short": "must be at least {min_length} characters",
    "string_type": "must be text in quotes",
    "too_short": "must have at least {min_length} items",
    "tuple_type": "must be a list [...]",
    "value_error": "{error}",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong at a key path: the value as a person would write it, and the rule."""

    path: KeyPath
    value: str
    rule: str


def decode_strictly(model: type[AnySettings], tree: Mapping[str, object]) -> AnySettings:
    """Decode a TOML tree: a number in quotes is text, an unknown key an error.

    Raises:
        ValidationError: everything that is wrong; `find_problems` puts it in words.
    """
    return model.model_validate_json(to_json(tree), strict=True)


def find_problems(
    model: type[Settings], error: ValidationError, prefix: KeyPath = ()
) -> list[Problem]:
    """Say in words what was wrong; `prefix` is where in its document the model stands."""
    return [
        _problem(model, details, prefix)
        for details in error.errors(include_url=False)
        if not _is_echo(details)
    ]


def format_value(value: object) -> str:
    """Write a value as in TOML, in printable ASCII and not too long for a line."""
    text = json.dumps(value, default=str)
    return text if len(text) <= MAX_VALUE_LENGTH else text[: MAX_VALUE_LENGTH - 3] + "..."


def _is_echo(details: ErrorDetails) -> bool:
    """Whether a list is only found too short because its items, reported too, were wrong."""
    return details["type"] == "too_short" and bool(details["input"])


def _problem(model: type[Settings], details: ErrorDetails, prefix: KeyPath) -> Problem:
    path = tuple(details["loc"])
    kind = details["type"]
    if kind == "extra_forbidden":
        return Problem((*prefix, *path), "", _unknown_key(model, path, prefix))
    template = _RULES.get(kind)
    rule = template.format_map(_limits(details)) if template else details["msg"]
    value = "" if kind == "missing" else format_value(details["input"])
    return Problem((*prefix, *path), value, rule)


def _limits(details: ErrorDetails) -> dict[str, object]:
    """Return what the rule was broken against; a whole number without its `.0`."""
    return {
        name: int(limit) if isinstance(limit, float) and limit.is_integer() else limit
        for name, limit in details.get("ctx", {}).items()
    }


def _unknown_key(model: type[Settings], path: KeyPath, prefix: KeyPath) -> str:
    """Name the nearest key beside the unknown one, else the nearest anywhere."""
    name = str(path[-1])
    table = model_at(model, path[:-1])
    meant = nearest(name, list(table.model_fields)) if table else None
    if meant is None:
        by_name = {key.path[-1]: key.path for key in reversed([*setting_keys(model)])}
        elsewhere = nearest(name, list(by_name))
        meant = format_path((*prefix, *by_name[elsewhere])) if elsewhere else None
    return f"unknown key; did you mean {meant}?" if meant else "unknown key"
