"""All that an index answers about what is stored, without our own numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pacsd.index.index import Index
from pacsd.index.records import Copy, HeldInstance, NewInstance, StoredInstance
from tests.archive.small_archive import SCOPE


@dataclass(frozen=True, slots=True)
class Answers:
    """Instances and held ones by UID, versions in quarantine by key, headers by UID."""

    instances: Mapping[str, StoredInstance]
    held: Mapping[str, HeldInstance]
    versions: Mapping[str, NewInstance]
    headers: Mapping[str, bytes]


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
        {each.version.copy.key: each.version for each in versions},
        headers,
    )


def _plain(instance: StoredInstance) -> StoredInstance:
    copies = tuple(_plain_copy(copy) for copy in instance.copies)
    return replace(instance, id=0, copies=copies)


def _plain_copy(copy: Copy) -> Copy:
    return replace(copy, instance=0)
