"""What the two ends of a channel say to each other."""

from dataclasses import dataclass
from typing import TypeAlias, cast

import orjson

from pacsd.app.isolation.errors import Misfit
from pacsd.app.isolation.scalar_values import Json
from pacsd.app.isolation.values import form_of


@dataclass(frozen=True, slots=True)
class Ask:
    """Do something and answer under this number."""

    number: int
    method: str
    arguments: Json


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it."""

    number: int
    value: Json


@dataclass(frozen=True, slots=True)
class Failure:
    """Why nothing came of it; after a fatal one the other end is of no use any more.

    `traceback` is that of a plugin, '' where there is none to be told.
    """

    number: int
    explanation: str
    is_fatal: bool
    traceback: str = ""


@dataclass(frozen=True, slots=True)
class Cancel:
    """Nobody waits for that answer any more; it is to be given nevertheless, soon."""

    number: int


@dataclass(frozen=True, slots=True)
class Tell:
    """Something that needs no answer."""

    method: str
    arguments: Json


Message: TypeAlias = Ask | Answer | Failure | Cancel | Tell

_FORM = form_of(Message)


def encode_message(message: Message) -> bytes:
    """Write a message as JSON.

    Raises:
        Misfit: it holds what is no JSON: a text that is no Unicode, an object of some class.
    """
    try:
        return orjson.dumps(_FORM.encode(message))
    except orjson.JSONEncodeError as error:
        raise Misfit(f"a value that is no JSON ({error})", "JSON") from error


def decode_message(content: bytes) -> Message:
    """Read a message.

    Raises:
        Misfit: it is none.
    """
    try:
        raw = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise Misfit(f"something else ({error})", "JSON") from error
    return cast("Message", _FORM.decode(raw))
