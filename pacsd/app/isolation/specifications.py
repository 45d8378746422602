"""The hook specifications as what crosses a channel: arguments one way, an answer the other."""

import typing
from collections.abc import Callable, Mapping

from pacsd.api.hooks import HOOKS
from pacsd.app.isolation.errors import Misfit, Uncrossable
from pacsd.app.isolation.scalar_values import Form
from pacsd.app.isolation.values import form_of


class Specification:
    """One hook. What it takes or answers may be of a type that does not cross: `why_not` says so.

    A hook that does not cross is served inside the daemon only.
    """

    def __init__(self, name: str, function: Callable[..., object]) -> None:
        hints = typing.get_type_hints(function, include_extras=True)
        self.name = name
        self.why_not = ""
        self._arguments: dict[str, Form] = {}
        self._answer: Form | None = None
        try:
            self._answer = form_of(hints.pop("return"))
            self._arguments = {parameter: form_of(hint) for parameter, hint in hints.items()}
        except Uncrossable as error:
            self.why_not = str(error)

    def encode_arguments(self, arguments: Mapping[str, object]) -> object:
        """Write those arguments that an implementation names.

        Raises:
            Misfit: one is of another type.
        """
        return self._each(arguments, lambda form, value: form.encode(value))

    def decode_arguments(self, raw: object) -> dict[str, object]:
        """Read them.

        Raises:
            Misfit: one is of another type, or none of this hook's.
        """
        if not isinstance(raw, dict):
            raise Misfit(type(raw).__name__, "arguments by name")
        return self._each(raw, lambda form, value: form.decode(value))

    def encode_answer(self, answer: object) -> object:
        """Write an answer; of a hook that does not cross, nothing is known and None is written.

        Raises:
            Misfit: it is of another type.
        """
        if self._answer is None:
            return None
        return _within_depth(self._answer.encode, answer)

    def decode_answer(self, raw: object) -> object:
        """Read it.

        Raises:
            Misfit: it is of another type.
            Uncrossable: the hook does not cross.
        """
        if self._answer is None:
            raise Uncrossable(f"{self.name}: {self.why_not}")
        return _within_depth(self._answer.decode, raw)

    def _each(
        self, values: Mapping[str, object], convert: Callable[[Form, object], object]
    ) -> dict[str, object]:
        converted: dict[str, object] = {}
        for name, value in values.items():
            form = self._arguments.get(name)
            if form is None:
                raise Misfit(f"an argument {name!a}", f"one of {self.name}")
            try:
                converted[name] = convert(form, value)
            except Misfit as misfit:
                raise misfit.inside(name) from misfit.__cause__
        return converted


def specifications() -> dict[str, Specification]:
    """Every hook specification, by name."""
    return {name: Specification(name, each) for name, each in HOOKS.items()}


def _within_depth(convert: Callable[[object], object], value: object) -> object:
    """A value that holds itself, or is nested without end, is a Misfit like any other."""
    try:
        return convert(value)
    except RecursionError as error:
        raise Misfit("a value nested without end", "one that ends") from error
