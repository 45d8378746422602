"""The instances of studies and series as they were listed last, until the study changes."""

from collections.abc import Sequence
from typing import TypeAlias

from pacsd.archive.retrievable import Retrievable
from pacsd.archive.sight import Sight
from pacsd.dicomweb.targets import Target
from pacsd.net.web.selection import Retrieves, instances_of

MAX_KNOWN = 10_000
"""Instances that are remembered, of all resources together; each takes about a kilobyte."""

_Key: TypeAlias = tuple[Target, Sight]


class KnownInstances:
    """Lists instances, and remembers them. A copy that was moved meanwhile may be named still.

    The index remembers instances as well, one by one; here it is which ones a resource has, with
    their corrections, in their order.
    """

    def __init__(self, retriever: Retrieves, most: int = MAX_KNOWN) -> None:
        self._retriever = retriever
        self._most = most
        self._known: dict[_Key, tuple[str, Sequence[Retrievable]]] = {}
        self._count = 0

    async def of(self, target: Target, version: str, sight: Sight) -> Sequence[Retrievable]:
        """The instances of a study or series, of this version of the study or a newer one.

        Of those who see different things each has its own list.

        Raises:
            NotFound: there is none.
            FindError: they cannot be told.
        """
        key = target, sight
        known = self._known.get(key)
        if known is not None and known[0] == version:
            return known[1]
        instances = await instances_of(self._retriever, target, sight)
        self._forget(key)
        if len(instances) <= self._most:
            self._known[key] = version, instances
            self._count += len(instances)
        while self._count > self._most:
            self._forget(next(iter(self._known)))
        return instances

    def _forget(self, key: "_Key") -> None:
        _, instances = self._known.pop(key, ("", ()))
        self._count -= len(instances)
