"""A coercion of whole objects, as they leave: its steps, done to the copy."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, Protocol

from pacsd.dicom.headers import Layout
from pacsd.dicom.original_attributes import ORIGINAL_ATTRIBUTES_SEQUENCE
from pacsd.dicom.vr import VR
from pacsd_coerce.deidentify import Deidentification, Patient
from pacsd_coerce.errors import NotCoerced
from pacsd_coerce.keyed import Keyed
from pacsd_coerce.object_text import SPECIFIC_CHARACTER_SET, UNICODE, ObjectText, rewrite
from pacsd_coerce.originals import item_of
from pacsd_coerce.part10_file import read_part10, write_part10
from pacsd_coerce.text_steps import TextStep
from pacsd_coerce.tree import Element, Sequence
from pacsd_coerce.uids import remap


@dataclass(slots=True)
class Work:
    """An object at which steps work, and what they leave behind."""

    text: ObjectText
    layout: Layout
    keyed: Keyed | None
    patient: Patient | None = None

    def key(self) -> Keyed:
        """What the key makes.

        Raises:
            NotCoerced: there is no key.
        """
        if self.keyed is None:
            raise NotCoerced("there is no key (plugins.coerce.key_file)")
        return self.keyed


class ObjectStep(Protocol):
    """One step."""

    @property
    def needs_key(self) -> bool:
        """Whether it makes anything of a key."""

    def apply(self, work: Work, /) -> None:
        """Do it.

        Raises:
            NotCoerced: it cannot be done.
        """


@dataclass(frozen=True, slots=True)
class OfText:
    """A step that changes text."""

    step: TextStep
    needs_key: bool = False

    def apply(self, work: Work, /) -> None:
        """Do it."""
        self.step.apply(work.text)


@dataclass(frozen=True, slots=True)
class OtherCharacterSet:
    """All text in other character sets, or in Unicode where they do not hold it."""

    declared: bytes
    or_unicode: bool = False
    needs_key: bool = False

    def apply(self, work: Work, /) -> None:
        """Write it anew."""
        work.text.note(SPECIFIC_CHARACTER_SET)
        try:
            rewrite(work.text.data_set, self.declared)
        except NotCoerced:
            if not self.or_unicode:
                raise
            rewrite(work.text.data_set, UNICODE)


@dataclass(frozen=True, slots=True)
class OtherUids:
    """UIDs of objects replaced."""

    needs_key: bool = True

    def apply(self, work: Work, /) -> None:
        """Replace them."""
        remap(work.text.data_set, work.key())


@dataclass(frozen=True, slots=True)
class Deidentified:
    """De-identification. What was changed before is told no more."""

    how: Deidentification
    needs_key: bool = True

    def apply(self, work: Work, /) -> None:
        """De-identify it."""
        patient = self.how.apply(work.text.data_set, work.layout, work.key())
        work.patient = work.patient or patient


@dataclass(frozen=True, slots=True)
class WholeObject:
    """All steps of a coercion."""

    name: str
    steps: tuple[ObjectStep, ...]
    tells_originals: bool = False

    @property
    def needs_key(self) -> bool:
        """Whether a step makes anything of a key."""
        return any(each.needs_key for each in self.steps)

    def coerce(
        self,
        source: BinaryIO,
        target: BinaryIO,
        keyed: Keyed | None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> Patient | None:
        """Write the copy of a file; whose it was, if it is de-identified. Blocks.

        Raises:
            NotCoerced: it cannot be made; the target is of no use then.
            OSError: source or target fail.
        """
        made = read_part10(source)
        work = Work(ObjectText(made.data_set), made.layout, keyed)
        for step in self.steps:
            step.apply(work)
        if self.tells_originals and work.text.old and work.patient is None:
            _tell(work, now())
        write_part10(made, target)
        return work.patient


def _tell(work: Work, moment: datetime) -> None:
    """Earlier items stay (PS3.3 section C.12.1.1.9); ours comes last."""
    data_set = work.text.data_set
    there = data_set.get(ORIGINAL_ATTRIBUTES_SEQUENCE)
    sequence = Sequence(work.layout)
    if there is not None and isinstance(there.value, Sequence):
        sequence = there.value
    sequence.items.append(item_of(work.text.old, sequence.layout, moment))
    data_set[ORIGINAL_ATTRIBUTES_SEQUENCE] = Element(VR.SQ, sequence)
