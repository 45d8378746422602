"""The index as those need it who put instances into it, and what may stand in front of it."""

from collections.abc import Collection, Sequence
from typing import Protocol

from pacsd.index.records import Copy, NewInstance, Verdict


class Register(Protocol):
    """Judges instances that are durable in a store, and knows which files they are in."""

    async def add(self, group: Sequence[NewInstance], /) -> Sequence[Verdict]:
        """Index a group in one transaction; a verdict for each instance, in their order.

        Raises:
            StoreError: none of them is indexed: what must be in the store before is not.
            IndexFault: none of them is indexed, as far as is known; see `settle`.
        """

    async def withdraw(self, partition: int, version: int, existing: Copy, /) -> bool:
        """Forget a version that `add` put into quarantine, in favour of a copy of its UID.

        Returns:
            Whether that was done. Not if the version is not there any more, nor if the copy is
            not, is known to be bad, or the instance deleted.

        Raises:
            IndexFault: it is still there.
        """

    async def highest_keys(self, store: str, limit: int, /) -> Sequence[str]:
        """The highest keys of a store that the index knows, the highest first."""

    async def known_keys(self, store: str, keys: Collection[str], /) -> frozenset[str]:
        """Those of these keys that the index knows."""

    async def settle(self, files: int, /) -> None:
        """Commit, so that nothing of a group comes back whose `add` failed with an IndexFault.

        Until then a crash may bring it back: its files must stay. `files` is how many they are, for
        the audit trail.

        Raises:
            IndexFault: nothing is settled.
        """


class RegisterInFront:
    """A register that hands on to another one whatever it does not do itself."""

    def __init__(self, register: Register) -> None:
        self._register = register

    async def add(self, group: Sequence[NewInstance], /) -> Sequence[Verdict]:
        """Index a group; see `Register`."""
        return await self._register.add(group)

    async def withdraw(self, partition: int, version: int, existing: Copy, /) -> bool:
        """Forget a version that `add` put into quarantine."""
        return await self._register.withdraw(partition, version, existing)

    async def highest_keys(self, store: str, limit: int, /) -> Sequence[str]:
        """The highest keys of a store that the index knows."""
        return await self._register.highest_keys(store, limit)

    async def known_keys(self, store: str, keys: Collection[str], /) -> frozenset[str]:
        """Those of these keys that the index knows."""
        return await self._register.known_keys(store, keys)

    async def settle(self, files: int, /) -> None:
        """Commit, so that nothing of a group comes back that failed."""
        await self._register.settle(files)
