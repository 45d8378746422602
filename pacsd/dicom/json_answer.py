"""Answers to queries as DICOM JSON: what was found (PS3.18 section 10.6.3.3 and annex F).

What `answer` is for C-FIND, this is for QIDO-RS.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from json.encoder import encode_basestring

from pacsd.dicom.answer import Field
from pacsd.dicom.data_set import SPECIFIC_CHARACTER_SET
from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.json_text import json_bytes, json_text
from pacsd.dicom.json_values import (
    BINARY_VRS,
    UNICODE,
    has_text_rule,
    is_in_model,
    of_bytes,
    of_texts,
    of_values,
)
from pacsd.dicom.tag import Tag
from pacsd.dicom.values import SINGLE_VALUED, unpadded
from pacsd.dicom.vr import VR


@dataclass(frozen=True, slots=True)
class _Plan:
    """How an attribute is written: all of it but its values, and all of an empty one."""

    tag: Tag
    vr: str
    head: str
    empty: str
    is_plain: bool
    is_multi_valued: bool
    is_binary: bool


def json_of_fields(values: Mapping[Tag, str | Field]) -> bytes:
    """One JSON object of the attributes of an entity, in the order of their tags.

    Text stands for values by the dictionary's VR, several joined by backslashes; '' for an empty
    attribute. Specific Character Set is said where text is not ASCII, or where it is among them.
    """
    plans = _plans(tuple(values))
    return _object(plans, [_member(plan, values[plan.tag]) for plan in plans])


def json_of_matches(matches: Iterable[Mapping[Tag, str | Field]]) -> list[bytes]:
    """A JSON object of the attributes of each, as `json_of_fields` writes it.

    What one says as the one before it did is not written anew.
    """
    objects: list[bytes] = []
    tags: tuple[Tag, ...] = ()
    plans: tuple[_Plan, ...] = ()
    values: list[str | Field | None] = []
    members: list[str] = []
    for match in matches:
        if tuple(match) != tags:
            tags = tuple(match)
            plans = _plans(tags)
            values, members = [None] * len(plans), [""] * len(plans)
        for place, plan in enumerate(plans):
            value = match[plan.tag]
            if value != values[place]:
                values[place], members[place] = value, _member(plan, value)
        objects.append(_object(plans, members))
    return objects


def _object(plans: Sequence[_Plan], members: Sequence[str]) -> bytes:
    joined = ",".join(members)
    if not joined.isascii() and all(plan.tag != SPECIFIC_CHARACTER_SET for plan in plans):
        # PS3.5 section 6.1.2.2: it must be told what is not of the default repertoire.
        place = bisect_left(plans, SPECIFIC_CHARACTER_SET, key=_tag_of)
        joined = ",".join([*members[:place], _UNICODE_MEMBER, *members[place:]])
    return json_bytes(f"{{{joined}}}")


def _member(plan: _Plan, value: str | Field) -> str:
    if isinstance(value, Field):
        return _of_field(plan.tag, value)
    return _of_text(plan, value)


@lru_cache(maxsize=256)
def _plans(tags: tuple[Tag, ...]) -> tuple[_Plan, ...]:
    """How the attributes of an entity are written, in their order: all answers have the same."""
    return tuple(_dictionary_plan(tag) for tag in sorted(tags) if is_in_model(tag))


def _tag_of(plan: _Plan) -> Tag:
    return plan.tag


def _of_field(tag: Tag, field: Field) -> str:
    plan, content = _plan(tag, field.vr), field.content
    if isinstance(content, str):
        return _of_text(plan, content)
    if isinstance(content, bytes):
        return f'"{tag:08X}":{json_text(of_bytes(field.vr, content))}'
    items = ",".join(map(_item, content))
    return f"{plan.head}{items}]}}" if content else plan.empty


def _item(item: Mapping[Tag, Field]) -> str:
    members = (_of_field(tag, item[tag]) for tag in sorted(item) if is_in_model(tag))
    return f"{{{','.join(members)}}}"


def _of_text(plan: _Plan, text: str) -> str:
    if plan.is_plain and "\\" not in text:
        text = unpadded(text, plan.vr)
        return f"{plan.head}{encode_basestring(text)}]}}" if text else plan.empty
    if plan.tag == SPECIFIC_CHARACTER_SET:
        return _UNICODE_MEMBER
    if not text.strip(" \0"):
        return plan.empty
    if plan.is_binary:
        return f'"{plan.tag:08X}":{json_text(of_bytes(plan.vr, text.encode(errors="replace")))}'
    texts = text.split("\\") if plan.is_multi_valued else [text]
    values = of_texts(plan.vr, [unpadded(each, plan.vr) for each in texts])
    return f"{plan.head}{json_text(values)[1:]}}}"


@lru_cache(maxsize=1_024)
def _dictionary_plan(tag: Tag) -> _Plan:
    return _plan(tag, vr_of(tag) or VR.UN)


@lru_cache(maxsize=1_024)
def _plan(tag: Tag, vr: str) -> _Plan:
    is_binary = vr in BINARY_VRS or vr == VR.SQ
    is_special = is_binary or has_text_rule(vr) or tag == SPECIFIC_CHARACTER_SET
    empty = f'"{tag:08X}":{{"vr":{json_text(str(vr))}}}'
    return _Plan(
        tag,
        vr,
        empty[:-1] + ',"Value":[',
        empty,
        is_plain=not is_special,
        is_multi_valued=vr not in SINGLE_VALUED,
        is_binary=is_binary,
    )


_UNICODE_MEMBER = f'"{SPECIFIC_CHARACTER_SET:08X}":{json_text(of_values(VR.CS, [UNICODE]))}'
