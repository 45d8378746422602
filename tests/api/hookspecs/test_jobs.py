import pytest

from pacsd.api.errors import HookError
from pacsd.api.hooks import hookimpl
from pacsd.api.host import PluginJob
from tests.api.hookspecs.hooks_of import hooks_of

JOB = PluginJob(7, "thumbnails", "1.2.3", attempt=1)


async def test_hook_pacsd_job() -> None:
    done: list[PluginJob] = []

    class Worker:
        @hookimpl
        async def pacsd_job(self, job: PluginJob) -> None:
            done.append(job)
            if len(done) > 1:
                raise OSError("full")

    hooks = hooks_of(Worker())
    await hooks.job.tell("acme", None, job=JOB)
    assert done == [JOB]
    with pytest.raises(HookError, match="plugin acme: pacsd_job: raised OSError: full"):
        await hooks.job.tell("acme", None, job=JOB)
