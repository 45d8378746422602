"""The port `Jobs` of one plugin, and its jobs as they come back."""

from collections.abc import Callable

import orjson

from pacsd.api.host import HostError, PluginJob
from pacsd.app.plugins.index_asking import Ask
from pacsd.index.job_records import Job, JobClass, NewJob

JOB_KIND = "plugin"
MAX_PAYLOAD_BYTES = 60 * 1024
MAX_NAME_BYTES = 200
MAX_ATTEMPTS = 10


class PluginsJobs:
    """What one plugin has done later; its jobs wait in a queue of its own."""

    def __init__(self, ask: Ask, plugin: str, now_us: Callable[[], int]) -> None:
        self._ask = ask
        self._plugin = plugin
        self._now_us = now_us

    async def enqueue(
        self, name: str, payload: str = "", /, *, unique_key: str = "", after_s: float = 0.0
    ) -> int:
        """Add a job."""
        _check_size("name", name, MAX_NAME_BYTES)
        _check_size("payload", payload, MAX_PAYLOAD_BYTES)
        with self._ask() as index:
            job = NewJob(
                kind=JOB_KIND,
                queue=queue_of(self._plugin),
                payload=orjson.dumps({"name": name, "payload": payload}).decode(),
                priority=JobClass.AI,
                unique_key=f"{name} {unique_key}" if unique_key else "",
                max_attempts=MAX_ATTEMPTS,
                not_before_us=self._now_us() + int(after_s * 1_000_000) if after_s > 0 else 0,
                created_by=self._plugin,
            )
            [number] = await index.jobs.add([job])
            return number


def queue_of(plugin: str) -> str:
    """The queue in which a plugin's jobs wait."""
    return f"plugin:{plugin}"


def plugin_of(job: Job) -> str:
    """Whose job it is."""
    return job.queue.removeprefix("plugin:")


def plugin_job(job: Job) -> PluginJob:
    """A job as its plugin is told.

    Raises:
        ValueError: `PluginsJobs` has not made it.
    """
    facts = orjson.loads(job.payload)
    if not isinstance(facts, dict):
        raise ValueError("payload: is no object")  # noqa: TRY004 - a value that was read
    return PluginJob(job.id, str(facts["name"]), str(facts["payload"]), job.attempts)


def _check_size(field: str, text: str, limit: int) -> None:
    size = len(text.encode(errors="surrogatepass"))
    if size > limit:
        raise HostError(f"{field}: {size} bytes are more than {limit}")
