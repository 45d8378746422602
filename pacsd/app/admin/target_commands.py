"""The commands about targets of routes: how they are, what waits for them, and pauses."""

from collections import defaultdict

import structlog

from pacsd.app.admin.arguments import Arguments, text
from pacsd.app.admin.delivery_records import PausedTargetAnswer, TargetSummary
from pacsd.app.admin.job_commands import actor_of, told
from pacsd.app.admin.unix_socket import AdminError, Command
from pacsd.index.covering_deliveries import QUEUE
from pacsd.index.index import Index
from pacsd.index.job_records import JobState
from pacsd.index.records import Scope
from pacsd.jobs.target_gates import TargetGates
from pacsd.jobs.target_pauses import TargetPauses

_US = 1_000_000

_log = structlog.get_logger("pacsd.jobs")


class TargetCommands:
    """The commands, over the index, the pauses and the gates of targets."""

    def __init__(self, index: Index, pauses: TargetPauses, gates: TargetGates) -> None:
        self._index = index
        self._pauses = pauses
        self._gates = gates
        self._scope = Scope()

    def by_name(self) -> dict[str, Command]:
        """All of them."""
        return {
            "targets.list": self._list,
            "targets.paused": self._paused,
            "targets.pause": self._pause,
            "targets.resume": self._resume,
        }

    async def _list(self, _: Arguments) -> list[TargetSummary]:
        """All that something waits for or was given up for, and those down or paused, by name."""
        with told():
            counts = await self._index.jobs.counts(self._scope)
            paused = await self._index.ledger.paused(self._scope)
        jobs: dict[str, dict[JobState, int]] = defaultdict(dict)
        for each in counts:
            if each.queue.startswith(QUEUE):
                jobs[each.queue][each.state] = each.jobs
        down_s = self._gates.down()
        by = {f"{QUEUE}{each.target}": each.actor for each in paused}
        return [
            TargetSummary(
                target=queue.removeprefix(QUEUE),
                waiting=jobs[queue].get(JobState.WAITING, 0),
                running=jobs[queue].get(JobState.LEASED, 0),
                dead=jobs[queue].get(JobState.DEAD, 0),
                down_s=down_s.get(queue),
                held_up=self._gates.why(queue),
                paused_by=by.get(queue, ""),
            )
            for queue in sorted({*jobs, *down_s, *by})
        ]

    async def _paused(self, _: Arguments) -> list[PausedTargetAnswer]:
        with told():
            paused = await self._index.ledger.paused(self._scope)
        return [
            PausedTargetAnswer(each.target, True, each.actor, each.paused_at_us / _US)
            for each in paused
        ]

    async def _pause(self, arguments: Arguments) -> PausedTargetAnswer:
        target, actor = text(arguments, "target", ""), actor_of(arguments)
        with told():
            is_new = await self._pauses.pause(target, actor)
        if is_new:
            _log.info("target is paused", target=target, actor=actor)
        return PausedTargetAnswer(target, True, actor, None)

    async def _resume(self, arguments: Arguments) -> PausedTargetAnswer:
        target, actor = text(arguments, "target", ""), actor_of(arguments)
        with told():
            was_paused = await self._pauses.resume(target)
        if not was_paused:
            raise AdminError(f"target {target!a} is not paused")
        _log.info("target is sent to again", target=target, actor=actor)
        return PausedTargetAnswer(target, False, actor, None)
