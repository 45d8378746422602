"""An errand done by a command itself, while no daemon runs; the caller holds the lock."""

from collections.abc import Callable, Mapping
from pathlib import Path

import anyio
from anyio.abc import TaskStatus

from pacsd.app import wiring
from pacsd.app.admin.errands import Errand, ErrandError
from pacsd.app.conf.checks import Checked
from pacsd.app.ingest_log import IngestLog
from pacsd.app.opening import opened
from pacsd.archive.ingest import Ingest

SHOWN_EVERY_S = 0.2

Show = Callable[[object], None]
"""Is given the errand's report, again and again; must not block."""


async def perform(
    checked: Checked, data_dir: Path, kind: str, arguments: Mapping[str, object], show: Show
) -> str:
    """Do an errand of this kind; why it could not be done, or ''. `show` has the last report.

    Raises:
        StartError, PluginError, HookError, ConfigErrors: the archive cannot be opened.
        AdminError: the arguments will not do.
    """
    config = checked.config
    async with opened(checked, data_dir) as archive:
        log = IngestLog()
        curation = wiring.make_curation(config, archive, log)
        register = wiring.make_register(archive, curation)
        ingest = wiring.make_ingest(config, archive, register, log)
        kinds = wiring.errand_kinds(config, archive, register, ingest, log, is_in_use=False)
        return await _watched(kinds[kind](arguments), ingest, show)


async def _watched(errand: Errand, ingest: Ingest, show: Show) -> str:
    async with anyio.create_task_group() as tasks:
        await tasks.start(_take_in, ingest, name="ingest")
        tasks.start_soon(_show, errand, show, name="show")
        try:
            await errand.run()
        except ErrandError as error:
            return str(error)
        finally:
            show(errand.report())
            tasks.cancel_scope.cancel()
    return ""


async def _take_in(ingest: Ingest, *, task_status: TaskStatus[None]) -> None:
    await ingest.run(task_status.started)


async def _show(errand: Errand, show: Show) -> None:
    while True:
        show(errand.report())
        await anyio.sleep(SHOWN_EVERY_S)
