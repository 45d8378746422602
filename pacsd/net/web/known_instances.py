"""The instances of studies and series as they were listed last, until the study changes."""

from collections.abc import Sequence

from pacsd.archive.retrievable import Retrievable
from pacsd.dicomweb.targets import Target
from pacsd.net.web.selection import Retrieves, instances_of

MAX_KNOWN = 10_000
"""Instances that are remembered, of all resources together; each takes about a kilobyte."""


class KnownInstances:
    """Lists instances, and remembers them. A copy that was moved meanwhile may be named still.

    The index remembers instances as well, one by one; here it is which ones a resource has, with
    their corrections, in their order.
    """

    def __init__(self, retriever: Retrieves, most: int = MAX_KNOWN) -> None:
        self._retriever = retriever
        self._most = most
        self._known: dict[Target, tuple[str, Sequence[Retrievable]]] = {}
        self._count = 0

    async def of(self, target: Target, version: str) -> Sequence[Retrievable]:
        """The instances of a study or series, of this version of the study or a newer one.

        Raises:
            NotFound: there is none.
            FindError: they cannot be told.
        """
        known = self._known.get(target)
        if known is not None and known[0] == version:
            return known[1]
        instances = await instances_of(self._retriever, target)
        self._forget(target)
        if len(instances) <= self._most:
            self._known[target] = version, instances
            self._count += len(instances)
        while self._count > self._most:
            self._forget(next(iter(self._known)))
        return instances

    def _forget(self, target: Target) -> None:
        _, instances = self._known.pop(target, ("", ()))
        self._count -= len(instances)
