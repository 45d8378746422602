"""All that an index answers about what is stored, without our own numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pacsd.dicom.level import Level
from pacsd.dicom.tag import Tag
from pacsd.index.attributes import TAGS
from pacsd.index.deletion_records import ListedDeletion
from pacsd.index.entities import is_indexed
from pacsd.index.index import Index
from pacsd.index.overlay_records import ListedOverlay
from pacsd.index.records import Copy, HeldInstance, NewCopy, NewInstance, StoredInstance
from pacsd.index.searching import Search
from tests.archive.small_archive import SCOPE

KEYS = frozenset({0x00100020, 0x0020000D, 0x0020000E, 0x00080018})


@dataclass(frozen=True, slots=True)
class Answers:
    """Instances and held ones by UID, versions in quarantine by file, headers by UID.

    `found` are all attributes of whatever a query without conditions finds, by level; `corrected`
    what was, in its order; `deletions` are the decisions by which instances are deleted.
    """

    instances: Mapping[str, StoredInstance]
    held: Mapping[str, HeldInstance]
    versions: Mapping[str, NewInstance]
    headers: Mapping[str, bytes]
    found: Mapping[Level, list[list[tuple[Tag, str]]]]
    corrected: list[ListedOverlay]
    deletions: list[ListedDeletion]


async def answers_of(index: Index) -> Answers:
    instances: dict[str, StoredInstance] = {}
    headers: dict[str, bytes] = {}
    after = 0
    while page := await index.instances.page(SCOPE, after):
        after = page[-1].id
        found = await index.headers([each.id for each in page])
        headers |= {each.sop_instance_uid: found[each.id] for each in page if each.id in found}
        instances |= {each.sop_instance_uid: _plain(each) for each in page}
    held = await index.instances.held(SCOPE, limit=1_000_000)
    versions = await index.quarantine.page(SCOPE, limit=1_000_000)
    return Answers(
        instances,
        {each.sop_instance_uid: replace(each, id=0) for each in held},
        {file_of(each.version.copy): each.version for each in versions},
        headers,
        {level: await _found(index, level) for level in Level},
        [_unnumbered(each) for each in await index.overlays.page(SCOPE, limit=1_000_000)],
        sorted(
            (replace(each, id=0) for each in await index.deletions.page(SCOPE, limit=1_000_000)),
            key=str,
        ),
    )


def file_of(copy: NewCopy) -> str:
    """A file by its store and its key there."""
    return f"{copy.store}/{copy.key}"


async def _found(index: Index, level: Level) -> list[list[tuple[Tag, str]]]:
    tags = tuple(sorted(tag for tag in TAGS | KEYS if is_indexed(tag, level)))
    everything = Search(SCOPE, level, (), 1_000_000, 60.0)
    ids = await index.queries.numbers(everything)
    entities = await index.queries.entities(level, ids, tags)
    return sorted(sorted(each.values.items()) for each in entities)


def _unnumbered(listed: ListedOverlay) -> ListedOverlay:
    return replace(listed, overlay=replace(listed.overlay, id=0))


def _plain(instance: StoredInstance) -> StoredInstance:
    copies = tuple(_plain_copy(copy) for copy in instance.copies)
    return replace(instance, id=0, series=None, copies=copies)


def _plain_copy(copy: Copy) -> Copy:
    return replace(copy, instance=0)
