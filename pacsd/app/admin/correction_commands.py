"""The commands of the admin socket that correct attributes, and list what was corrected.

Values of patients are in their answers, and never in a log.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import structlog

from pacsd.api.correction_rules import NotCorrectable
from pacsd.api.errors import StoreError
from pacsd.app.admin.arguments import Arguments, text, whole_number
from pacsd.app.admin.correction_records import CorrectedAttribute
from pacsd.app.admin.unix_socket import AdminError, Command
from pacsd.archive.corrections import CorrectionRequest, NothingToCorrect
from pacsd.archive.curation import Curation
from pacsd.archive.state_records import StateRecordError
from pacsd.dicom.dictionary import keyword_of, tag_of, vr_of
from pacsd.dicom.level import Level
from pacsd.dicom.tag import Tag, format_tag
from pacsd.dicom.text import printable
from pacsd.dicom.value_check import check_value
from pacsd.dicom.vr import VR
from pacsd.index.errors import IndexFault
from pacsd.index.index import Index
from pacsd.index.records import Scope

MAX_LISTED = 10_001
"""One more than a command shows at once: so it knows that there are more."""

DEFAULT_LISTED = 100
NOBODY = "admin"
"""Who corrects, if the command does not say."""

_WRITTEN_AS = {VR.DA: "YYYYMMDD, e.g. 20260131", VR.TM: "HHMMSS, e.g. 103000"}
"""PS3.5 table 6.2-1; people write dates and times in other ways."""

_LEVELS = {"study": Level.STUDY, "series": Level.SERIES, "instance": Level.INSTANCE}

_log = structlog.get_logger("pacsd.corrections")


class CorrectionCommands:
    """The commands, over the index and those who decide."""

    def __init__(self, index: Index, curation: Curation) -> None:
        self._index = index
        self._curation = curation
        self._scope = Scope()

    def by_name(self) -> dict[str, Command]:
        """All of them."""
        return {"correct.apply": self._apply, "correct.list": self._list}

    async def _apply(self, arguments: Arguments) -> list[CorrectedAttribute]:
        """What is new, in the order of tags."""
        level = _LEVELS.get(text(arguments, "level", ""))
        if level is None:
            raise AdminError(f"level must be one of {', '.join(_LEVELS)}")
        actor, uid = printable(text(arguments, "actor", NOBODY)), text(arguments, "uid", "")
        values, reason = _values(arguments), text(arguments, "reason", "")
        request = CorrectionRequest(level, uid, values, actor, reason)
        with _told():
            corrected = await self._curation.correct(self._scope, request)
        if corrected:
            _log.info(
                "attributes were corrected",
                actor=actor,
                entity=level.name.lower(),
                uid=printable(uid),
                attributes=[_name(each.overlay.tag) for each in corrected],
            )
        return [CorrectedAttribute.of(each) for each in corrected]

    async def _list(self, arguments: Arguments) -> list[CorrectedAttribute]:
        """By rising number, from behind `after` on; with `uid`, those of what it means."""
        after = whole_number(arguments, "after", 0)
        limit = min(whole_number(arguments, "limit", DEFAULT_LISTED), MAX_LISTED)
        uid = text(arguments, "uid", "")
        with _told():
            listed = await self._index.overlays.page(self._scope, after, limit, uid)
        return [CorrectedAttribute.of(each) for each in listed]


def _values(arguments: Arguments) -> dict[Tag, str]:
    given = arguments.get("values")
    if not isinstance(given, Mapping) or not given:
        raise AdminError("values must be values by keyword")
    values = {_tag(keyword): text(given, keyword, "") for keyword in given}
    for tag, value in values.items():
        _check_written(tag, value)
    return values


def _check_written(tag: Tag, value: str) -> None:
    vr = vr_of(tag)
    if vr in _WRITTEN_AS and check_value(vr, value.encode(errors="replace")) is not None:
        raise AdminError(f"{_name(tag)} {format_tag(tag)}: VR {vr} is written {_WRITTEN_AS[vr]}")


def _tag(keyword: object) -> Tag:
    tag = tag_of(keyword) if isinstance(keyword, str) else None
    if tag is None:
        raise AdminError(f"{printable(str(keyword))} is no keyword of PS3.6, such as PatientName")
    return tag


def _name(tag: Tag) -> str:
    return keyword_of(tag) or format_tag(tag)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (NotCorrectable, NothingToCorrect, StateRecordError, StoreError, IndexFault) as error:
        raise AdminError(str(error)) from None
