"""A runner of models: each is a command, run in a process of its own on a folder of files."""

import json
import os
import shutil
import signal
from contextlib import suppress
from subprocess import DEVNULL

import anyio.to_thread

from pacsd.api.ai import AiFindings
from pacsd.api.ai_inputs import instances_of
from pacsd.api.ai_runner import AiRunner, AiWork
from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.settings import Settings


class CommandRunnerSettings(Settings):
    """Which models there are."""

    commands: dict[str, tuple[str, ...]]
    """Program and arguments by the name of the model; its folder is added as the last one."""


class CommandRunner(Plugin[CommandRunnerSettings]):
    """Gives the runner `command`: an object, itself, so that it needs trusted = true."""

    settings_class = CommandRunnerSettings
    max_at_once = 1

    @hookimpl
    async def pacsd_ai_runner(self, name: str) -> AiRunner | None:
        """Whoever answers RunModel("command", ...) means this one."""
        return self if name == "command" else None

    async def run(self, work: AiWork, /) -> AiFindings | None:
        """It finds *.dcm and work.txt in its folder, and leaves result.json, be it null."""
        command, instances = self.settings.commands[work.model], self.host.instances
        async with anyio.TemporaryDirectory(prefix="command_runner-") as name:
            async for facts in instances_of(instances, work.inputs):
                path = f"{name}/{facts.sop_instance_uid}.dcm"
                with await instances.open(facts.sop_instance_uid) as file:
                    async with await anyio.open_file(path, "wb") as copy:
                        await anyio.to_thread.run_sync(shutil.copyfileobj, file, copy.wrapped)
            await anyio.Path(f"{name}/work.txt").write_text(work.parameters)
            async with await anyio.open_process(
                [*command, name], stdin=DEVNULL, stdout=DEVNULL, stderr=None, start_new_session=True
            ) as process:
                try:
                    code = await process.wait()
                finally:  # at the deadline as well: with all that it has begun
                    with suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
            if code:
                raise RuntimeError(f"{work.model} ended with exit code {code}")
            found = json.loads(await anyio.Path(f"{name}/result.json").read_bytes())
            return found and AiFindings(**found)
