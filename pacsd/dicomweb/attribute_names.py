"""Attributes as a request names them: tags, keywords, and those within sequences.

`00081032.00080100` and `ProcedureCodeSequence.CodeValue` are the same one (PS3.18 section 8.3.4.1).
"""

import re

from pacsd.dicom.dictionary import data_element, keyword_meant, tag_of
from pacsd.dicom.query_keys import Path
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR
from pacsd.dicom.walk import MAX_DEPTH
from pacsd.dicomweb.errors import BadRequest

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
    meant = keyword_meant(text)
    hint = f"; did you mean {meant}?" if meant else ""
    rule = f"is no keyword and no tag{hint} (PS3.18 section 8.3.4.1)"
    raise BadRequest("attribute", text, rule)
