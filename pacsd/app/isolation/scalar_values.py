"""Values of one piece as JSON and back: text, numbers, truth, bytes, enumerations."""

import base64
import binascii
import types
from abc import ABC, abstractmethod
from enum import Enum
from math import isfinite
from typing import Annotated, TypeAlias

from pacsd.app.isolation.errors import Misfit, Uncrossable

Json: TypeAlias = Annotated[object, "any value of JSON"]
"""The annotation of what is passed on as it came: it is JSON, and nothing more is known of it."""

_LEAST, _MOST = -(2**63), 2**63 - 1
"""What whole numbers every reader of JSON takes."""


class Form(ABC):
    """How values of one type are written.

    `json_types` are what JSON makes of them, `name` what the type is called in messages.
    """

    name: str
    json_types: tuple[type, ...]

    @abstractmethod
    def accepts(self, value: object, /) -> bool:
        """Whether a value looks like one of this type, from outside."""

    @abstractmethod
    def encode(self, value: object, /) -> object:
        """Write a value as JSON would have it.

        Raises:
            Misfit: it, or something inside of it, is of another type.
        """

    @abstractmethod
    def decode(self, raw: object, /) -> object:
        """Read what JSON held.

        Raises:
            Misfit: it, or something inside of it, is of another type.
        """


class _Scalar(Form):
    """A type that JSON has itself."""

    def __init__(self, scalar: type) -> None:
        self.name = "None" if scalar is types.NoneType else scalar.__name__
        self.json_types: tuple[type, ...] = (scalar,)
        self._scalar = scalar

    def accepts(self, value: object, /) -> bool:
        # Of subclasses, too: an enumeration of texts is text. But True is no number.
        return isinstance(value, self._scalar) and (
            not isinstance(value, bool) or self._scalar is bool
        )

    def encode(self, value: object, /) -> object:
        return self.decode(value)

    def decode(self, raw: object, /) -> object:
        if not self.accepts(raw):
            raise Misfit(named(raw), self.name)
        return raw


class _Whole(_Scalar):
    """A whole number of 64 bits."""

    def decode(self, raw: object, /) -> object:
        if not self.accepts(raw):
            raise Misfit(named(raw), self.name)
        if isinstance(raw, int) and not _is_whole(raw):
            raise Misfit("int beyond 64 bits", self.name)
        return raw


class _Finite(_Scalar):
    """A finite number; a whole one is written as one with a fraction."""

    def accepts(self, value: object, /) -> bool:
        return isinstance(value, float | int) and not isinstance(value, bool)

    def encode(self, value: object, /) -> object:
        if isinstance(value, int) and not isinstance(value, bool) and _is_whole(value):
            value = float(value)
        return self.decode(value)

    def decode(self, raw: object, /) -> object:
        if not isinstance(raw, float):
            raise Misfit(named(raw), self.name)
        if not isfinite(raw):
            raise Misfit(f"{raw}", "finite number")
        return raw


class _Base64(Form):
    """Bytes, as base64."""

    name = "bytes"
    json_types: tuple[type, ...] = (str,)

    def accepts(self, value: object, /) -> bool:
        return isinstance(value, bytes)

    def encode(self, value: object, /) -> object:
        if not isinstance(value, bytes):
            raise Misfit(named(value), self.name)
        return base64.b64encode(value).decode("ascii")

    def decode(self, raw: object, /) -> object:
        if not isinstance(raw, str):
            raise Misfit(named(raw), self.name)
        try:
            return base64.b64decode(raw, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Misfit("text", "base64") from error


class _AnyJson(Form):
    """What is passed on as it came."""

    name = "JSON"
    json_types: tuple[type, ...] = (str, int, float, bool, list, dict, types.NoneType)

    def accepts(self, value: object, /) -> bool:
        return isinstance(value, self.json_types)

    def encode(self, value: object, /) -> object:
        return value

    def decode(self, raw: object, /) -> object:
        return raw


class _Member(Form):
    """A member of an enumeration, as its value."""

    def __init__(self, enumeration: type[Enum]) -> None:
        self.name = enumeration.__name__
        self.json_types = tuple({type(member.value) for member in enumeration})
        if not {*self.json_types} <= {str, int}:
            raise Uncrossable(f"{self.name} has values that are neither text nor whole numbers")
        self._enumeration = enumeration

    def accepts(self, value: object, /) -> bool:
        return isinstance(value, self._enumeration)

    def encode(self, value: object, /) -> object:
        if not isinstance(value, self._enumeration):
            raise Misfit(named(value), self.name)
        return value.value

    def decode(self, raw: object, /) -> object:
        if type(raw) not in self.json_types:
            raise Misfit(named(raw), self.name)
        try:
            return self._enumeration(raw)
        except ValueError as error:
            raise Misfit("another value", self.name) from error


def member_form(enumeration: type[Enum]) -> Form:
    """The form of an enumeration's members.

    Raises:
        Uncrossable: their values are neither text nor whole numbers.
    """
    return _Member(enumeration)


def named(value: object) -> str:
    """What a value is called in messages: the name of its class."""
    return "None" if value is None else type(value).__name__


SCALARS: dict[object, Form] = {
    str: _Scalar(str),
    bool: _Scalar(bool),
    int: _Whole(int),
    float: _Finite(float),
    types.NoneType: _Scalar(types.NoneType),
    None: _Scalar(types.NoneType),
    bytes: _Base64(),
    Json: _AnyJson(),
}


def _is_whole(value: int) -> bool:
    # Not `in range(...)`: that looks for a member of an enumeration one number after the other.
    return _LEAST <= value <= _MOST
