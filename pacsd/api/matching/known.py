"""What is known of a subject: the values that rules look at, wherever they come from."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Final

import orjson

from pacsd.api.event_subject import EventSubject
from pacsd.dicom.dictionary import keyword_of
from pacsd.dicom.json_source import JsonSource
from pacsd.dicom.matching import Source
from pacsd.dicom.tag import Tag, format_tag

MODALITY: Final[Tag] = 0x00080060
MODALITIES_IN_STUDY: Final[Tag] = 0x00080061


class Answer(Enum):
    """UNKNOWN: the header says it, and is not there."""

    YES = auto()
    NO = auto()
    UNKNOWN = auto()


class Known:
    """A subject as a Source: what the index has goes before the header.

    Of a study the Modality is any of those in it: rules say `Modality` whatever they look at.
    """

    def __init__(self, subject: EventSubject) -> None:
        self.subject = subject
        self._header = None if subject.header is None else JsonSource(orjson.loads(subject.header))
        self.has_header = self._header is not None
        self.answers: dict[object, Answer] = {}
        """What was asked already, by the Criterion: many rules share one."""
        self._texts: dict[Tag, Sequence[str]] = {}

    @property
    def at(self) -> datetime:
        """When it happened, in UTC."""
        return datetime.fromtimestamp(self.subject.event.at_us / 1_000_000, UTC)

    def texts(self, tag: Tag, /) -> Sequence[str]:
        """The values of an attribute."""
        texts = self._texts.get(tag)
        if texts is None:
            texts = self._texts[tag] = self._of_index(tag) or self._of_header(tag)
        return texts

    def items(self, tag: Tag, /) -> Iterable[Source]:
        """The items of a sequence."""
        return self._header.items(tag) if self._header is not None else ()

    def _of_index(self, tag: Tag) -> Sequence[str]:
        attributes = self.subject.attributes
        text = attributes.get(keyword_of(tag) or format_tag(tag), "")
        if tag == MODALITY and not text:
            text = attributes.get(keyword_of(MODALITIES_IN_STUDY) or "", "")
        return text.split("\\") if text else ()

    def _of_header(self, tag: Tag) -> Sequence[str]:
        return self._header.texts(tag) if self._header is not None else ()
