"""How an instance comes in, as plugins decide it: coerced, and set aside or shown.

A coercion is a correction that the instance brings along: the same rules hold for it, and it lies
over the data set, which stays as it came; when that leaves, its Original Attributes Sequence tells
who coerced what (PS3.3 section C.12.1.1.9).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pacsd.api.correction_rules import (
    NotCorrectable,
    check_correction,
    check_reason,
    level_of_correction,
)
from pacsd.api.receiving import Coerce, Hold, NotAccepted, Quarantine, ReceivedInstance
from pacsd.dicom.dictionary import keyword_of, tag_of
from pacsd.dicom.level import Level
from pacsd.dicom.tag import Tag, format_tag
from pacsd.index.attributes import TAGS
from pacsd.index.overlay_records import Correction
from pacsd.index.records import Aside, AsideKind, NewInstance

Answer = NotAccepted | Coerce | Hold | Quarantine

_KINDS = {Hold: AsideKind.HOLD, Quarantine: AsideKind.QUARANTINE}


@dataclass(frozen=True, slots=True)
class Entry:
    """What is decided about an instance that comes in; `coercions` are by the plugin's name."""

    coercions: tuple[tuple[str, Coerce], ...] = ()
    aside: Aside | None = None

    def entered(self, new: NewInstance) -> NewInstance:
        """The instance as the index is to have it."""
        return replace(new, coercions=tuple(self._corrections(new).values()), aside=self.aside)

    def _corrections(self, new: NewInstance) -> dict[Tag, Correction]:
        """By tag: of several coercions of an attribute the last one counts."""
        found: dict[Tag, Correction] = {}
        for plugin, coerce in self.coercions:
            for tag, value in _values(coerce).items():
                found[tag] = Correction(
                    Level.INSTANCE,
                    new.sop_instance_uid,
                    tag,
                    value,
                    plugin,
                    coerce.reason,
                    new.reception.received_at_us,
                    new.copy.sha256,
                )
        return {tag: each for tag, each in sorted(found.items()) if _is_new(new, each)}


def check_answer(answer: object) -> None:
    """See that what is to be coerced may be.

    Raises:
        ValueError: it may not; the text names attribute and rule, never the value.
    """
    if not isinstance(answer, Coerce):
        return
    try:
        check_reason(answer.reason)
        for tag, value in _values(answer).items():
            check_correction(level_of_correction(tag), tag, value)
    except NotCorrectable as error:
        raise ValueError(f"Coerce: {error}") from None


def coerced(instance: ReceivedInstance, answer: Answer) -> ReceivedInstance:
    """The instance as the next one is asked about it."""
    if not isinstance(answer, Coerce):
        return instance
    attributes = {**instance.attributes, **answer.changes}
    return replace(instance, attributes={name: each for name, each in attributes.items() if each})


def decision(answers: list[tuple[str, Answer]]) -> NotAccepted | Entry | None:
    """What several plugins say together: a refusal counts, then quarantine, then hold."""
    for _, answer in answers:
        if isinstance(answer, NotAccepted):
            return answer
    coercions = tuple((plugin, each) for plugin, each in answers if isinstance(each, Coerce))
    aside = _aside(answers, Quarantine) or _aside(answers, Hold)
    return Entry(coercions, aside) if coercions or aside else None


def _aside(answers: list[tuple[str, Answer]], kind: type[Hold] | type[Quarantine]) -> Aside | None:
    """What the first of those says who want it set aside in this way."""
    for plugin, answer in answers:
        if isinstance(answer, Hold | Quarantine) and isinstance(answer, kind):
            return Aside(_KINDS[kind], plugin, answer.reason)
    return None


def received(new: NewInstance) -> ReceivedInstance:
    """What plugins are asked about an instance that is durable already."""
    return ReceivedInstance(
        reception=new.reception,
        sop_class_uid=new.sop_class_uid,
        sop_instance_uid=new.sop_instance_uid,
        transfer_syntax_uid=new.transfer_syntax_uid,
        study_instance_uid=new.study_instance_uid,
        series_instance_uid=new.series_instance_uid,
        patient_id=new.patient_id,
        issuer_of_patient_id=new.issuer_of_patient_id,
        attributes={
            keyword_of(tag) or format_tag(tag): value for tag, value in new.attributes.items()
        },
    )


def _is_new(new: NewInstance, coercion: Correction) -> bool:
    """Whether the instance says something else itself, as far as is known."""
    own = new.attributes.get(coercion.tag, "" if coercion.tag in TAGS else None)
    return own != coercion.value


def _values(coerce: Coerce) -> Mapping[Tag, str]:
    """The new values by tag.

    Raises:
        ValueError: a keyword is none of PS3.6.
    """
    found: dict[Tag, str] = {}
    for keyword, value in coerce.changes.items():
        tag = tag_of(keyword)
        if tag is None:
            raise ValueError(f"Coerce: {keyword[:64]!a} is no keyword of PS3.6")
        found[tag] = value
    return found
