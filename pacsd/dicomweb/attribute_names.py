"""Attributes as a request names them: tags, keywords, and those within sequences.

`00081032.00080100` and `ProcedureCodeSequence.CodeValue` are the same one (PS3.18 section 8.3.4.1).
"""

import difflib
import re
from typing import TypeAlias

from pacsd.dicom.dictionary import data_element, keywords, tag_of
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR
from pacsd.dicom.walk import MAX_DEPTH
from pacsd.dicomweb.errors import BadRequest

Path: TypeAlias = tuple[Tag, ...]
"""A tag, after those of the sequences it is in."""

MAX_NAME_LENGTH = 64
"""Characters of a keyword that is looked for; the longest has 63, says a test."""

_TAG = re.compile(r"[0-9A-Fa-f]{8}")


def path_named(text: str) -> Path:
    """The attribute that is named so.

    Raises:
        BadRequest: a part is no tag and no keyword, or stands in what is no sequence; the text
            names the keyword that was probably meant.
    """
    if text.count(".") >= MAX_DEPTH:
        raise BadRequest("attribute", text, f"is more than {MAX_DEPTH} deep")
    path = tuple(map(_tag_named, text.split(".")))
    if not all(map(_may_have_items, path[:-1])):
        raise BadRequest("attribute", text, "is in one that is no sequence (PS3.5 section 7.5)")
    return path


def is_sequence(tag: Tag) -> bool:
    """Whether the dictionary has it as a sequence."""
    row = data_element(tag)
    return row is not None and row.vrs == (VR.SQ,)


def _may_have_items(tag: Tag) -> bool:
    return is_sequence(tag) or data_element(tag) is None  # a private one might


def _tag_named(text: str) -> Tag:
    tag = tag_of(text)
    if tag is not None:
        return tag
    if _TAG.fullmatch(text):
        return int(text, 16)
    rule = f"is no keyword and no tag{_hint(text)} (PS3.18 section 8.3.4.1)"
    raise BadRequest("attribute", text, rule)


def _hint(text: str) -> str:
    """The keyword that was probably meant; comparing with all of them is what bounds the length."""
    if len(text) > MAX_NAME_LENGTH:
        return ""
    folded = text.casefold()
    near = {each for each in keywords() if each[:1].casefold() == folded[:1]}
    spelt_otherwise = [each for each in near if each.casefold() == folded]
    meant = spelt_otherwise or difflib.get_close_matches(text, near, n=1, cutoff=0.7)
    return f"; did you mean {meant[0]}?" if meant else ""
