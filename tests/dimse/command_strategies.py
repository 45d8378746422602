"""Hypothesis strategies for every DIMSE message, and command sets written element by element."""

import struct
from collections.abc import Callable
from dataclasses import MISSING, fields

from hypothesis import strategies as st

from pacsd.dimse import commands
from pacsd.dimse.commands import AnyCommand, CCancelRQ, DataSetUse, Priority, Request, Response

MESSAGE_CLASSES: tuple[type[Request | Response | CCancelRQ], ...] = tuple(
    getattr(commands, name) for name in commands.__all__ if name.endswith(("RQ", "RSP"))
)
REQUEST_CLASSES = [cls for cls in MESSAGE_CLASSES if issubclass(cls, Request)]

us = st.integers(0, 0xFFFF)
uids = st.from_regex(r"[12](\.(0|[1-9][0-9]{0,8})){1,5}", fullmatch=True)
tags = st.integers(0, 0xFFFFFFFF)
_graphic = st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="\\")
ae_titles = st.text(_graphic, min_size=1, max_size=16)
comments = st.lists(st.text(_graphic, min_size=1, max_size=8), min_size=1, max_size=6).map(" ".join)


def _values(name: str) -> st.SearchStrategy[object]:
    if name == "priority":
        return st.sampled_from(Priority)
    if name.endswith("_uid"):
        return uids
    if name in {"move_destination", "move_originator_ae_title"}:
        return ae_titles
    if name in {"offending_elements", "attribute_identifier_list"}:
        return st.lists(tags, min_size=1, max_size=5).map(tuple)
    return comments if name == "error_comment" else us


def messages_of(cls: type[Request | Response | CCancelRQ]) -> st.SearchStrategy[AnyCommand]:
    """Messages of one class, each optional field present or not."""
    build: Callable[..., AnyCommand] = cls
    uses = {
        DataSetUse.NEVER: st.just(value=False),
        DataSetUse.ALWAYS: st.just(value=True),
        DataSetUse.OPTIONAL: st.booleans(),
    }
    names = [field.name for field in fields(cls) if field.name != "has_data_set"]
    required = {field.name for field in fields(cls) if field.default is MISSING}
    mandatory = {name: _values(name) for name in names if name in required}
    optional = {name: _values(name) for name in names if name not in required}
    return st.fixed_dictionaries(
        {**mandatory, "has_data_set": uses[cls.data_set_use]}, optional=optional
    ).map(lambda values: build(**values))


messages = st.one_of([messages_of(cls) for cls in MESSAGE_CLASSES])


def element(number: int, value: bytes, group: int = 0, length: int | None = None) -> bytes:
    """One Implicit VR Little Endian element; `length` lies when given."""
    return struct.pack("<HHL", group, number, len(value) if length is None else length) + value


def us_element(number: int, value: int) -> bytes:
    return element(number, struct.pack("<H", value))


def with_group_length(*elements: bytes) -> bytes:
    body = b"".join(elements)
    return element(0, struct.pack("<L", len(body))) + body
