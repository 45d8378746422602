"""Values as JSON and back, each by its type and never by what they say of themselves.

A form is made once from an annotation of a hook specification. It knows text, whole and finite
numbers, truth, bytes (base64), None, enumerations, tuples, mappings by name, frozen dataclasses,
and unions of them that JSON tells apart. Several dataclasses in one union go with the name of
their class beside them. Nothing is converted: what is not of its type is a Misfit, an unknown or
missing field, too. No class is ever looked up by a name that came over a channel.

pydantic is not used here: it takes instances of dataclasses as they are, whatever their fields
hold, and passes over fields that a dataclass does not have.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any

from pacsd.app.isolation.errors import Misfit, Uncrossable
from pacsd.app.isolation.scalar_values import SCALARS, Form, member_form, named


def form_of(annotation: object) -> Form:
    """The form of a type.

    Raises:
        Uncrossable: there is none.
    """
    return _form(annotation, {})


def _form(annotation: object, known: dict[object, Form]) -> Form:
    """`known` has the forms being made, so that a record may hold its own kind."""
    if annotation in known:
        return known[annotation]
    scalar = SCALARS.get(annotation)
    if scalar is not None:
        return scalar
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in {types.UnionType, typing.Union}:
        return _union([_form(each, known) for each in arguments])
    if origin is tuple and arguments[-1:] != (...,):
        return _Fixed([_form(each, known) for each in arguments])
    if origin in {tuple, Sequence}:
        return _Items(_form(arguments[0], known))
    if origin in {dict, Mapping} and arguments[0] is str:
        return _Named(_form(arguments[1], known))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return member_form(annotation)
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return _Record(annotation, known)
    raise Uncrossable(f"{_called(annotation)} is no type that crosses processes")


def _union(members: Sequence[Form]) -> Form:
    records = [member for member in members if isinstance(member, _Record)]
    if len(records) > 1:
        others = [member for member in members if not isinstance(member, _Record)]
        members = [*others, _Records(records)]
    return _Union(members)


def _called(annotation: object) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


class _Items(Form):
    """A tuple of any length."""

    json_types: tuple[type, ...] = (list,)

    def __init__(self, item: Form) -> None:
        self.name = f"tuple[{item.name}, ...]"
        self._item = item

    def accepts(self, value: object, /) -> bool:
        return isinstance(value, tuple | list)

    def encode(self, value: object, /) -> object:
        if not isinstance(value, tuple | list):
            raise Misfit(named(value), self.name)
        return [_inside(number, self._item.encode, each) for number, each in enumerate(value)]

    def decode(self, raw: object, /) -> object:
        if not isinstance(raw, list):
            raise Misfit(named(raw), self.name)
        return tuple(_inside(number, self._item.decode, each) for number, each in enumerate(raw))


class _Fixed(Form):
    """A tuple whose items each have a type."""

    json_types: tuple[type, ...] = (list,)

    def __init__(self, items: Sequence[Form]) -> None:
        self.name = f"tuple[{', '.join(item.name for item in items)}]"
        self._items = items

    def accepts(self, value: object, /) -> bool:
        return isinstance(value, tuple | list) and len(value) == len(self._items)

    def encode(self, value: object, /) -> object:
        return [
            _inside(number, item.encode, each)
            for number, (item, each) in enumerate(zip(self._items, self._of(value), strict=True))
        ]

    def decode(self, raw: object, /) -> object:
        return tuple(
            _inside(number, item.decode, each)
            for number, (item, each) in enumerate(zip(self._items, self._of(raw), strict=True))
        )

    def _of(self, value: object) -> Sequence[object]:
        if not isinstance(value, tuple | list):
            raise Misfit(named(value), self.name)
        if len(value) != len(self._items):
            raise Misfit(f"{named(value)} of {len(value)}", self.name)
        return value


class _Named(Form):
    """Values by name."""

    json_types: tuple[type, ...] = (dict,)

    def __init__(self, value: Form) -> None:
        self.name = f"Mapping[str, {value.name}]"
        self._value = value

    def accepts(self, value: object, /) -> bool:
        return isinstance(value, Mapping)

    def encode(self, value: object, /) -> object:
        return self._each(value, self._value.encode)

    def decode(self, raw: object, /) -> object:
        return self._each(raw, self._value.decode)

    def _each(self, value: object, convert: Callable[[object], object]) -> object:
        if not isinstance(value, Mapping):
            raise Misfit(named(value), self.name)
        for name in value:
            if not isinstance(name, str):
                raise Misfit(f"a key of {named(name)}", "a key of str")
        return {name: _inside(name, convert, each) for name, each in value.items()}


class _Record(Form):
    """A dataclass: all of its fields, and no others."""

    json_types: tuple[type, ...] = (dict,)

    def __init__(self, record: type, known: dict[object, Form]) -> None:
        known[record] = self
        self.name = record.__name__
        self._record: Any = record
        hints = typing.get_type_hints(record, include_extras=True)
        self._fields = {
            each.name: _form(hints[each.name], known)
            for each in dataclasses.fields(self._record)
            if each.init
        }

    def accepts(self, value: object, /) -> bool:
        return type(value) is self._record

    def encode(self, value: object, /) -> object:
        if type(value) is not self._record:
            raise Misfit(named(value), self.name)
        return {
            name: _inside(name, form.encode, getattr(value, name))
            for name, form in self._fields.items()
        }

    def decode(self, raw: object, /) -> object:
        if not isinstance(raw, dict):
            raise Misfit(named(raw), self.name)
        if raw.keys() != self._fields.keys():
            names = ", ".join(sorted(raw.keys() ^ self._fields.keys()))
            raise Misfit(f"a record with other fields ({names})", self.name)
        values = {
            name: _inside(name, form.decode, raw[name]) for name, form in self._fields.items()
        }
        try:
            return self._record(**values)
        except (ValueError, TypeError) as error:
            raise Misfit(f"fields that do not fit together ({error})", self.name) from error


class _Records(Form):
    """One of several dataclasses, its class named beside it."""

    json_types: tuple[type, ...] = (dict,)

    def __init__(self, records: Sequence[_Record]) -> None:
        self.name = " | ".join(record.name for record in records)
        self._by_name = {record.name: record for record in records}
        if len(self._by_name) < len(records):
            raise Uncrossable(f"{self.name}: two classes of one name")

    def accepts(self, value: object, /) -> bool:
        return any(record.accepts(value) for record in self._by_name.values())

    def encode(self, value: object, /) -> object:
        record = self._by_name.get(named(value))
        if record is None:
            raise Misfit(named(value), self.name)
        return {"kind": record.name, "value": record.encode(value)}

    def decode(self, raw: object, /) -> object:
        if not isinstance(raw, dict) or raw.keys() != {"kind", "value"}:
            raise Misfit(named(raw), self.name)
        kind = raw["kind"]
        record = self._by_name.get(kind) if isinstance(kind, str) else None
        if record is None:
            raise Misfit("another kind", self.name)
        return record.decode(raw["value"])


class _Union(Form):
    """One of several types, each another type of JSON."""

    def __init__(self, members: Sequence[Form]) -> None:
        self.name = " | ".join(member.name for member in members)
        self.json_types = tuple(each for member in members for each in member.json_types)
        if len({*self.json_types}) < len(self.json_types):
            raise Uncrossable(f"{self.name}: JSON does not tell them apart")
        # A whole number is a finite one as well: it stays whole where it may be.
        self._members = sorted(members, key=lambda member: float in member.json_types)
        self._by_json = {each: member for member in members for each in member.json_types}

    def accepts(self, value: object, /) -> bool:
        return any(member.accepts(value) for member in self._members)

    def encode(self, value: object, /) -> object:
        for member in self._members:
            if member.accepts(value):
                return member.encode(value)
        raise Misfit(named(value), self.name)

    def decode(self, raw: object, /) -> object:
        member = self._by_json.get(type(raw))
        if member is None:
            raise Misfit(named(raw), self.name)
        return member.decode(raw)


def _inside(part: str | int, convert: Callable[[object], object], value: object) -> object:
    try:
        return convert(value)
    except Misfit as misfit:
        raise misfit.inside(part) from misfit.__cause__
