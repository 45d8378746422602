"""Targets to which nothing is sent until somebody says so, also over a restart."""

from pacsd.index.covering_deliveries import QUEUE
from pacsd.index.ledger import Ledger
from pacsd.index.records import Scope
from pacsd.jobs.target_gates import TargetGates

_ALL = Scope()


class TargetPauses:
    """Pauses targets in the ledger, and at the gates of those who work."""

    def __init__(self, ledger: Ledger, gates: TargetGates) -> None:
        self._ledger = ledger
        self._gates = gates

    async def restore(self) -> None:
        """Pause those that were paused before.

        Raises:
            IndexFault: nobody knows which; nothing may be sent before that.
        """
        for each in await self._ledger.paused(_ALL):
            self._gates.pause(f"{QUEUE}{each.target}")

    async def pause(self, target: str, actor: str) -> bool:
        """Begin no more deliveries to a target; whether that is new. What runs ends by itself.

        Raises:
            JobRefused: too many are paused, or that is no target's name; or IndexFault.
        """
        is_new = await self._ledger.pause(_ALL, target, actor)
        self._gates.pause(f"{QUEUE}{target}")
        return is_new

    async def resume(self, target: str) -> bool:
        """Begin deliveries again; whether it was paused.

        Raises:
            IndexFault: it could not be noted; the target stays paused.
        """
        # Those who work are woken by what is noted: by then the gate is open.
        self._gates.resume(f"{QUEUE}{target}")
        return await self._ledger.resume(_ALL, target)
