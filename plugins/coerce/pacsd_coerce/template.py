"""Templates: text with the values of other attributes in it, `"{PatientID}-{StudyDate}"`.

Nothing is executed: between braces stands a keyword of PS3.6, and nothing else. A brace is written
twice.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from pacsd.dicom.dictionary import keyword_of, tag_of, vr_of
from pacsd.dicom.tag import Tag
from pacsd.dicom.text import printable
from pacsd.dicom.vr import is_text
from pacsd_coerce.errors import NotCoerced

_PARTS = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")


@dataclass(frozen=True, slots=True)
class Template:
    """Text, and the attributes whose values stand in it."""

    parts: tuple[str | Tag, ...]

    def filled(self, text_of: Callable[[Tag], str]) -> str:
        """The text with the values in it.

        Raises:
            NotCoerced: an attribute has no value.
        """
        return "".join(
            each if isinstance(each, str) else _value(each, text_of(each)) for each in self.parts
        )


def read_template(text: str) -> Template:
    """The template of a text.

    Raises:
        ValueError: a brace is alone, or what stands between two is no attribute of text.
    """
    parts: list[str | Tag] = []
    for found in _PARTS.finditer(text):
        part, keyword = found[0], found[1]
        if keyword is not None:
            parts.append(_tag(keyword))
        elif part in {"{", "}"}:
            raise ValueError(f"template {printable(text)}: a brace is alone; write it twice")
        else:
            parts.append(part[0] if part in {"{{", "}}"} else part)
    return Template(tuple(parts))


def _tag(keyword: str) -> Tag:
    tag = tag_of(keyword)
    vr = None if tag is None else vr_of(tag)
    if tag is None or vr is None or not is_text(vr):
        raise ValueError(f"template: {printable(keyword)} is no attribute of text of PS3.6")
    return tag


def _value(tag: Tag, text: str) -> str:
    if not text:
        raise NotCoerced(f"{keyword_of(tag)} has no value, which a template needs")
    return text
