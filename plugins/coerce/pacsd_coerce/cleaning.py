"""A data set cleaned attribute by attribute, in its sequences, too (PS3.15 section E.1.1).

Beside what the table says go: private attributes, but for those known to be safe; curves and
overlays with all that describes them; what PS3.6 does not know; and what stands behind the pixels.
"""

from collections.abc import Sequence as Several
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from pacsd.dicom.dictionary import data_element, vr_of
from pacsd.dicom.private import creator_tag, is_creator
from pacsd.dicom.tag import Tag, is_private
from pacsd.dicom.vr import VR, is_text
from pacsd.dicom.wildcard import Pattern
from pacsd_coerce.dates import shifted
from pacsd_coerce.dummies import dummy
from pacsd_coerce.keyed import Keyed
from pacsd_coerce.object_text import ObjectText
from pacsd_coerce.profile import Action, Profile, basic_action
from pacsd_coerce.tree import DataSet, Element, Sequence
from pacsd_coerce.uids import remapped

_LAST: Tag = 0x7FE00010
_CURVES_AND_OVERLAYS = (range(0x5000, 0x5100), range(0x6000, 0x6100))


class PrivateElement(NamedTuple):
    """A private element that is known to be safe: its creator, its group and last digits."""

    creator: str
    group: int
    number: int


@dataclass(frozen=True, slots=True)
class Cleaning:
    """By which profile, with which key; `by` is what dates are earlier, where that is asked for."""

    profile: Profile
    keyed: Keyed
    by: timedelta
    descriptions: Several[Pattern] = ()
    safe_private: frozenset[PrivateElement] = frozenset()

    def clean(self, data_set: DataSet) -> None:
        """Clean it.

        Raises:
            NotCoerced: a UID cannot be read.
        """
        text = ObjectText(data_set)
        kept = self._kept_private(data_set)
        for tag in list(data_set):
            action = self._action(tag, kept)
            if action is Action.CLEAN_TEXT:
                action = Action.KEEP if self._is_harmless(tag, text) else basic_action(tag)
            element = self._cleaned(tag, data_set[tag], action)
            if element is None:
                del data_set[tag]
            else:
                data_set[tag] = element

    def _action(self, tag: Tag, kept: frozenset[Tag]) -> Action:
        if is_private(tag):
            return Action.KEEP if tag in kept else Action.REMOVE
        is_drawn = any(tag >> 16 in groups for groups in _CURVES_AND_OVERLAYS)
        if is_drawn or tag > _LAST or data_element(tag) is None:
            return Action.REMOVE
        return self.profile.action(tag)

    def _cleaned(self, tag: Tag, element: Element, action: Action) -> Element | None:
        match action:
            case Action.REMOVE:
                return None
            case Action.EMPTY:
                return _emptied(element)
            case Action.DUMMY:
                return dummy(tag, element, self.keyed)
            case Action.UID:
                return self._with_other_uids(tag, element)
            case Action.SHIFT:
                return self._shifted(tag, element)
            case _:
                return self._kept(element)

    def _kept(self, element: Element) -> Element:
        if isinstance(element.value, Sequence):
            for item in element.value.items:
                self.clean(item)
        return element

    def _with_other_uids(self, tag: Tag, element: Element) -> Element:
        if isinstance(element.value, Sequence):
            return self._kept(element)
        return Element(element.vr, remapped(tag, element, self.keyed))

    def _shifted(self, tag: Tag, element: Element) -> Element | None:
        vr = vr_of(tag) if element.vr in {None, VR.UN} else element.vr
        made = None
        if isinstance(element.value, bytes) and vr is not None:
            made = shifted(vr, element.value, self.by)
        if made is None:
            return self._cleaned(tag, element, basic_action(tag))
        return Element(element.vr, made)

    def _is_harmless(self, tag: Tag, text: ObjectText) -> bool:
        """Whether it is text that somebody said is harmless."""
        vr = vr_of(tag)
        value = text.text(tag) if vr is not None and is_text(vr) else ""
        return bool(value) and any(each.matches(value) for each in self.descriptions)

    def _kept_private(self, data_set: DataSet) -> frozenset[Tag]:
        """Private elements that are known to be safe, and their creators."""
        if not self.safe_private:
            return frozenset()
        kept: set[Tag] = set()
        for tag in filter(is_private, data_set):
            creator = creator_tag(tag)
            named = data_set.get(creator) if creator is not None else None
            if creator is None or named is None or is_creator(tag):
                continue
            if not isinstance(named.value, bytes):
                continue
            said = named.value.decode("latin-1").strip(" \0")
            if PrivateElement(said, tag >> 16, tag & 0xFF) in self.safe_private:
                kept |= {tag, creator}
        return frozenset(kept)


def _emptied(element: Element) -> Element:
    if isinstance(element.value, Sequence):
        return Element(element.vr, Sequence(element.value.layout))
    return Element(element.vr, b"")
