"""What an event is about, in one hop: the entity, how it came, its size, and its study's labels."""

from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from pacsd.api.reception import Reception
from pacsd.dicom.tag import Tag
from pacsd.index.entities import Entity, read_entities
from pacsd.index.instances import reception_of
from pacsd.index.labels import labels_of
from pacsd.index.of_study import size_of
from pacsd.index.searching import Search, search
from pacsd.index.threads import Threads


@dataclass(frozen=True, slots=True)
class FoundSubject:
    """An entity with what is known of it; `reception` is that of its first instance."""

    entity: Entity
    reception: Reception
    size_bytes: int
    labels: tuple[str, ...]


class Subjects:
    """Looks up what events are about."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def find(
        self, asked: Search, tags: tuple[Tag, ...], uids: tuple[str, str, str]
    ) -> FoundSubject | None:
        """The first that matches; None: there is none, or nothing of it is shown.

        `uids` are those of its study, series and instance, '' where it is none: of these are size
        and labels.

        Raises:
            QueryTooCostly: it would take longer than its budget.
        """
        return await self._threads.query(partial(_find, asked, tags, uids))


def _find(
    asked: Search, tags: tuple[Tag, ...], uids: tuple[str, str, str], connection: Connection
) -> FoundSubject | None:
    numbers = search(asked, connection)[:1]
    entities = read_entities(asked.level, numbers, tags, connection, with_first=True)
    if not entities:
        return None
    [entity] = entities
    reception = reception_of(asked.scope, entity.first_instance, connection)
    if reception is None:
        return None
    size_bytes = size_of(asked.scope, uids, connection)
    labels = labels_of(asked.scope, uids[0], connection)
    return FoundSubject(entity, reception, size_bytes, tuple(labels))
