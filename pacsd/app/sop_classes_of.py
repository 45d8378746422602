"""Which SOP classes a peer has among what is wanted, asked by C-FIND before a C-GET.

SOP Classes in Study (0008,0062) is optional (PS3.4 table C.6-5): of a peer that does not tell it
every instance is looked at, series by series, as a hierarchical query does.
"""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field

from pacsd.app.searching import Search
from pacsd.app.wanted import Wanted
from pacsd.dicom.data_set import DataSet
from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.errors import ScanError
from pacsd.dicom.identifier import UNIQUE_KEYS
from pacsd.dicom.level import Level
from pacsd.dicom.query_keys import Key
from pacsd.dicom.tag import Tag
from pacsd.dicom.uid import is_acceptable_uid
from pacsd.dicom.vr import VR
from pacsd.net.errors import AssociationError, OperationFailed
from pacsd.net.requested_association import RequestedAssociation

MAX_SEARCHES = 200
"""So many series are looked into; of more the classes that are usual are as good a guess."""

_SOP_CLASS_UID: Tag = 0x00080016
_SOP_CLASSES_IN_STUDY: Tag = 0x00080062


@dataclass(slots=True)
class SOPClasses:
    """The classes that were told, the first ones first, and whether these are all."""

    uids: dict[str, None] = field(default_factory=dict)
    is_complete: bool = True

    def add(self, uids: Iterable[str]) -> None:
        """These were told."""
        self.uids |= dict.fromkeys(filter(is_acceptable_uid, uids))


async def sop_classes_of(association: RequestedAssociation, wanted: Wanted) -> SOPClasses:
    """Ask over an association that was proposed for a `Search` in the model of what is wanted."""
    looking = _Looking(association, wanted)
    try:
        await looking.look()
    except (AssociationError, OperationFailed, ScanError):
        looking.classes.is_complete = False
    looking.classes.is_complete &= bool(looking.classes.uids)
    return looking.classes


class _Looking:
    """One look at an archive."""

    def __init__(self, association: RequestedAssociation, wanted: Wanted) -> None:
        self._association = association
        self._wanted = wanted
        self._left = MAX_SEARCHES
        self.classes = SOPClasses()

    async def look(self) -> None:
        """Look at the level of what is wanted."""
        wanted = self._wanted
        if wanted.level <= Level.STUDY:
            await self._studies()
        elif wanted.level is Level.SERIES:
            above = [key for key in wanted.keys if key.tag != UNIQUE_KEYS[Level.SERIES]]
            for uid in wanted.values(Level.SERIES):
                await self._instances([*above, _key(Level.SERIES, uid)])
        else:
            await self._instances(wanted.keys)

    async def _studies(self) -> None:
        asked = [_bare(_SOP_CLASSES_IN_STUDY)]
        untold: list[DataSet] = []
        async with aclosing(self._found(Level.STUDY, self._wanted.keys, asked)) as studies:
            async for study in studies:
                uids = study.texts(_SOP_CLASSES_IN_STUDY)
                self.classes.add(uids)
                if not any(uids):
                    untold.append(study)
        for study in untold:
            await self._series([*self._patient(), *_keys(study, Level.STUDY)])

    async def _series(self, above: list[Key]) -> None:
        async with aclosing(self._found(Level.SERIES, above, [])) as found:
            series = [each async for each in found]
        for each in series:
            await self._instances([*above, *_keys(each, Level.SERIES)])

    async def _instances(self, keys: Iterable[Key]) -> None:
        if not self._left:
            self.classes.is_complete = False
            return
        self._left -= 1
        asked = [_bare(_SOP_CLASS_UID)]
        async with aclosing(self._found(Level.INSTANCE, keys, asked)) as instances:
            async for instance in instances:
                uids = instance.texts(_SOP_CLASS_UID)
                self.classes.add(uids)
                self.classes.is_complete &= any(uids)

    def _patient(self) -> list[Key]:
        return [key for key in self._wanted.keys if key.tag == UNIQUE_KEYS[Level.PATIENT]]

    def _found(
        self, level: Level, keys: Iterable[Key], asked: Iterable[Key]
    ) -> AsyncGenerator[DataSet, None]:
        given = {key.tag: key for key in (*asked, _bare(UNIQUE_KEYS[level]), *keys)}
        search = Search(self._wanted.model, level, tuple(given.values()))
        return search.matches(self._association)


def _key(level: Level, value: str) -> Key:
    return Key(UNIQUE_KEYS[level], VR.UI, value)


def _keys(found: DataSet, level: Level) -> list[Key]:
    return [_key(level, uid) for uid in found.texts(UNIQUE_KEYS[level])[:1]]


def _bare(tag: Tag) -> Key:
    return Key(tag, vr_of(tag) or VR.UN)
