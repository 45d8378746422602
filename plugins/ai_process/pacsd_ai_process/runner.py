"""ProcessRunner: runs models by one program, each run in a folder and a cage of its own."""

from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

from pacsd.api.ai import AiFindings
from pacsd.api.ai_inputs import instances_of
from pacsd.api.ai_runner import AiWork
from pacsd.api.plugin import Host
from pacsd_ai_process.cage import EXIT_CAGE, Cage
from pacsd_ai_process.folder import LOG_BYTES, RunFolder, RunFolders
from pacsd_ai_process.process import Ended, run_caged
from pacsd_ai_process.settings import ProgramSettings


class RunRefused(Exception):
    """A program was not run, or did not do what it is for; the text says why."""


class ProcessRunner:
    """The port AiRunner, for one program, whose runs have folders among `runs`."""

    def __init__(self, settings: ProgramSettings, host: Host, runs: RunFolders) -> None:
        self._settings = settings
        self._host = host
        self._runs = runs
        self._hidden = host.data_dir.resolve()

    @property
    def max_at_once(self) -> int:
        """How many runs it takes at a time."""
        return self._settings.at_once

    async def run(self, work: AiWork, /) -> AiFindings | None:
        """Run a model.

        Raises:
            RunRefused: the program has no such model, cannot be confined, or failed.
            BadResult, TooMuch: what it left cannot be used.
            HostError, OSError: its inputs cannot be had, or there is no room for them.
        """
        if work.model not in self._settings.models:
            raise RunRefused(f"program {self._settings.name} has no model {work.model}")
        folder = await anyio.to_thread.run_sync(self._runs.new, work)
        has_failed = True
        try:
            await self._bring_inputs(folder, work)
            ended = await run_caged(self._cage(folder), self._environment(folder), LOG_BYTES)
            await anyio.to_thread.run_sync(folder.log.write_bytes, ended.said)
            self._judge(ended, folder)
            found = await anyio.to_thread.run_sync(folder.found, self._settings.output_bytes)
            has_failed = False
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(partial(folder.empty, with_output=has_failed))
        return found

    async def _bring_inputs(self, folder: RunFolder, work: AiWork) -> None:
        instances = self._host.instances
        # A program that is not kept from it could change what it is linked to.
        bring = partial(folder.bring, may_link=self._settings.must_be_confined)
        async for facts in instances_of(instances, work.inputs):
            with await instances.open(facts.sop_instance_uid) as file:
                await anyio.to_thread.run_sync(bring, facts, file)

    def _cage(self, folder: RunFolder) -> Cage:
        settings = self._settings
        return Cage(
            command=[*settings.command],
            folder=str(folder.path),
            hidden=str(self._hidden),
            readable=[str(each) for each in (Path(settings.command[0]), *settings.readable)],
            memory_bytes=settings.memory_bytes,
            cpu_s=settings.cpu_s,
            file_bytes=settings.output_bytes,
            network=settings.network,
            must_be_confined=settings.must_be_confined,
        )

    def _environment(self, folder: RunFolder) -> dict[str, str]:
        return {"TMPDIR": str(folder.path / "scratch"), **self._settings.environment}

    def _judge(self, ended: Ended, folder: RunFolder) -> None:
        why = "; ".join(ended.unconfined)
        if why and self._settings.must_be_confined:
            key = "must_be_confined = false runs it all the same"
            raise RunRefused(f"not run, for the system does not confine it: {why}; {key}")
        if why:
            self._host.logger.warning(
                "a program is not confined", program=self._settings.name, why=why
            )
        if ended.code:
            how = "could not be begun" if ended.code == EXIT_CAGE else _ending(ended.code)
            raise RunRefused(f"{self._settings.name} {how}; what it said is in {folder.log}")


def _ending(code: int) -> str:
    if code < 0 or code > 128:  # noqa: PLR2004 - as shells tell of signals
        return f"was ended by signal {-code if code < 0 else code - 128}"
    return f"ended with exit code {code}"
