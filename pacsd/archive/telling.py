"""What is told of the candidates of a query: those whose headers match, and what headers say.

It takes a millisecond for each header, and so its place is in a worker thread.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pacsd.archive.stored_headers import parsed_header
from pacsd.archive.zones import Told, moved
from pacsd.dicom.answer import Field
from pacsd.dicom.matching import Source, matcher
from pacsd.dicom.overlaid import Overlaid
from pacsd.dicom.query import Condition, ReturnKey
from pacsd.dicom.tag import Tag
from pacsd.index.entities import Entity
from pacsd.index.overlay_records import Overlay


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entity that the index found; the header of its first instance, and its corrections."""

    entity: Entity
    header: bytes | None = None
    overlays: Mapping[Tag, Overlay] | None = None

    def source(self) -> Overlaid | None:
        """What is known of it beside its columns; None if that is nothing."""
        parsed = None if self.header is None else parsed_header(self.header)
        if parsed is None and not self.overlays:
            return None
        overlays = self.overlays or {}
        return Overlaid(parsed, {tag: each.new_value for tag, each in overlays.items()})


class Teller:
    """Tells of the candidates of one query.

    Args:
        conditions: what their headers must fulfil.
        keys: what is told from headers.
        zone_minutes: the zone of dates and times, if another than the entity's own was asked for;
            of what is told then, only `asked` is kept.
    """

    def __init__(
        self,
        conditions: Sequence[Condition],
        keys: Sequence[ReturnKey],
        zone_minutes: int | None,
        asked: frozenset[Tag],
    ) -> None:
        self._conditions = conditions
        self._keys = keys
        self._zone_minutes = zone_minutes
        self._asked = asked

    @cached_property
    def _matches(self) -> Callable[[Source], bool]:
        # Made by the thread that needs it: there may be a thousand keys.
        return matcher(self._conditions)

    def tell(self, candidates: Sequence[Candidate], left_s: float) -> list[Told]:
        """What is told of those that match; blocks.

        Raises:
            TimeoutError: matching takes longer than that.
        """
        deadline = time.monotonic() + left_s
        found: list[Told] = []
        for each in candidates:
            if self._conditions and time.monotonic() > deadline:
                raise TimeoutError
            match = self._match(each)
            if match is not None:
                found.append(match)
        return found

    def _match(self, candidate: Candidate) -> Told | None:
        source = candidate.source()
        if self._conditions and (source is None or not self._matches(source)):
            return None
        told: dict[Tag, str | Field] = dict(candidate.entity.values)
        for key in self._keys:
            field = None if source is None else source.field(key.tag, key.keys)
            told[key.tag] = "" if field is None else field
        if self._zone_minutes is None:
            return told
        in_zone = moved(told, self._zone_minutes)
        return {tag: value for tag, value in in_zone.items() if tag in self._asked}
