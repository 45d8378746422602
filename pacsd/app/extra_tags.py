"""The user-chosen tags of a daemon: as configured now, and filled in for what came before.

The index remembers what was chosen before: what is not configured any more is dropped with its
values, what is new is filled in while the daemon serves.
"""

from collections.abc import Sequence

import anyio
import structlog

from pacsd.api.store import BlobStore
from pacsd.app.conf.settings import ExtraTagSettings
from pacsd.archive.reindex import Reindex
from pacsd.dicom.level import Level
from pacsd.index.errors import IndexFault
from pacsd.index.index import Index
from pacsd.index.records import ExtraTag, ExtraTagState, Scope

PAUSE_S = 0.05
"""Between two pages of a reindex: others have the index, too."""

RETRY_S = 60.0

_log = structlog.get_logger("pacsd.index")


async def chosen(index: Index, settings: Sequence[ExtraTagSettings]) -> list[ExtraTag]:
    """Have the index keep the configured tags and no others.

    Raises:
        IndexFault: the index takes nothing.
    """
    scope = Scope()
    wanted = {_key(each): each for each in settings}
    for known in await index.extra_tags.all(scope):
        if (known.tag, known.private_creator, known.level) not in wanted:
            await index.extra_tags.drop(scope, known.id)
            _log.info("a tag is not indexed any more", tag=f"{known.tag:08X}")
    return [
        await index.extra_tags.choose(scope, level, tag, each.text_vr, creator)
        for (tag, creator, level), each in wanted.items()
    ]


class Reindexing:
    """Fills in the tags that are not complete, one after the other, while `run` runs."""

    def __init__(self, store: BlobStore, index: Index, tags: Sequence[ExtraTag]) -> None:
        self._store = store
        self._index = index
        self._left = [tag for tag in tags if tag.state is ExtraTagState.REINDEXING]
        self._complete = tuple(tag for tag in tags if tag.state is ExtraTagState.COMPLETE)

    @property
    def complete(self) -> Sequence[ExtraTag]:
        """Those of which the index has the values of all that is stored."""
        return self._complete

    async def run(self) -> None:
        """Fill in what is left; a fault of the index is waited out."""
        for tag in self._left:
            work = Reindex(self._store, self._index, Scope(), tag)
            _log.info("a tag is being indexed", tag=f"{tag.tag:08X}")
            while not work.is_complete:
                await self._next_page(work)
            self._complete += (tag,)
            _log.info("a tag is indexed", tag=f"{tag.tag:08X}")

    async def _next_page(self, work: Reindex) -> None:
        try:
            await work.next_page()
        except IndexFault as fault:
            _log.error("a tag cannot be indexed now", error=str(fault))
            await anyio.sleep(RETRY_S)
        else:
            await anyio.sleep(PAUSE_S)


def _key(settings: ExtraTagSettings) -> tuple[int, str, Level]:
    return settings.number, settings.private_creator, Level[settings.level.upper()]
