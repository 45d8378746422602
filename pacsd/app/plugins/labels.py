"""The port `Labels` of one plugin."""

from collections.abc import Callable, Sequence

from pacsd.app.plugins.adding import origin_of
from pacsd.app.plugins.index_asking import Ask
from pacsd.archive.curation import Curation
from pacsd.index.records import Scope

_ALL = Scope()


class PluginsLabels:
    """What one plugin puts on studies: who it is, the state log has with each label.

    `curation` raises HostError while nobody decides yet.
    """

    def __init__(self, ask: Ask, curation: Callable[[], Curation], plugin: str) -> None:
        self._ask = ask
        self._curation = curation
        self._actor = origin_of(plugin)

    async def set(self, study_uid: str, label: str, /) -> bool:
        """Put a label on a study."""
        with self._ask():
            return await self._curation().label(_ALL, study_uid, label, self._actor)

    async def remove(self, study_uid: str, label: str, /) -> bool:
        """Take a label off a study."""
        with self._ask():
            return await self._curation().unlabel(_ALL, study_uid, label, self._actor)

    async def of(self, study_uid: str, /) -> Sequence[str]:
        """The labels of a study."""
        with self._ask() as index:
            return await index.labels.of(_ALL, study_uid)
