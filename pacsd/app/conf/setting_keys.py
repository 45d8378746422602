"""The keys a settings class declares, with their documentation."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args, get_origin

from annotated_types import Ge, Le, MaxLen
from pydantic.fields import FieldInfo

from pacsd.api.settings import Settings
from pacsd.app.conf.toml_lines import KeyPath

ENVIRONMENT_PREFIX = "PACSD_"
ENVIRONMENT_SEPARATOR = "__"


@dataclass(frozen=True, slots=True)
class SettingKey:
    """One key: its path of names, what declares it, and whether its table repeats ([[ae]])."""

    path: tuple[str, ...]
    field: FieldInfo
    is_in_list: bool

    @property
    def dotted(self) -> str:
        """The key as it is written in messages: `dimse.listen`."""
        return ".".join(self.path)

    @property
    def environment_name(self) -> str:
        """The variable that overrides it; for a key in a list, that of the whole list."""
        names = self.path[:1] if self.is_in_list else self.path
        return ENVIRONMENT_PREFIX + ENVIRONMENT_SEPARATOR.join(names).upper()

    @property
    def documentation(self) -> str:
        """What the key means, on one line."""
        return " ".join((self.field.description or "").split())

    @property
    def bounds(self) -> str:
        """Its limits in words, "" when it has none."""
        limits = self.field.metadata
        lowest = [str(limit.ge) for limit in limits if isinstance(limit, Ge)]
        highest = [str(limit.le) for limit in limits if isinstance(limit, Le)]
        numbers = " to ".join((*lowest, *highest)) if lowest and highest else ""
        one_sided = [f"at least {low}" for low in lowest] + [f"at most {high}" for high in highest]
        lengths = [
            f"at most {limit.max_length} long" for limit in limits if isinstance(limit, MaxLen)
        ]
        words = [numbers] if numbers else one_sided
        return ", ".join([*words, *lengths, *_choices(self.field.annotation)])

    @property
    def default(self) -> object:
        """Its default; None when it has no value unless set."""
        default = self.field.get_default(call_default_factory=True, validated_data={})
        return None if self.field.is_required() else default


def setting_keys(
    model: type[Settings], prefix: tuple[str, ...] = (), *, is_in_list: bool = False
) -> Iterator[SettingKey]:
    """Walk over the keys of a settings class, those of its inner tables included."""
    for name, field in model.model_fields.items():
        inner = inner_model(field)
        if inner is None:
            yield SettingKey((*prefix, name), field, is_in_list)
        else:
            repeats = is_in_list or field.annotation is not inner
            yield from setting_keys(inner, (*prefix, name), is_in_list=repeats)


def inner_model(field: FieldInfo) -> type[Settings] | None:
    """Return the settings class of a table or of the items of a list of tables."""
    for candidate in (field.annotation, *get_args(field.annotation)):
        if isinstance(candidate, type) and issubclass(candidate, Settings):
            return candidate
    return None


def model_at(model: type[Settings], path: KeyPath) -> type[Settings] | None:
    """Return the settings class of the table at a path, None when no class describes it."""
    found: type[Settings] | None = model
    for name in path:
        if isinstance(name, int):
            continue
        if found is None or name not in found.model_fields:
            return None
        found = inner_model(found.model_fields[name])
    return found


def format_path(path: KeyPath) -> str:
    """Write a key path for people: `ae[1].title`, the first of a list counted as 1."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def nearest(name: str, known: Sequence[str]) -> str | None:
    """Return the known name that was probably meant."""
    matches = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return matches[0] if matches else None


def _choices(annotation: object) -> list[str]:
    """Name the values of a Literal, also of one that may be unset or repeated."""
    if get_origin(annotation) is Literal:
        return ["one of " + ", ".join(f'"{value}"' for value in get_args(annotation))]
    return [words for argument in get_args(annotation) for words in _choices(argument)]
