"""Plugins told of events and given their jobs: by their hooks, from change log and job queues."""

from functools import partial

from pacsd.api.dispatch.durable import Durable
from pacsd.api.errors import HookError
from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.api.hooks import hook_facts
from pacsd.app.plugins.hooks import Hooks
from pacsd.app.plugins.jobs import plugin_job, plugin_of, queue_of
from pacsd.index.job_records import Job
from pacsd.jobs.consumer import Consumer
from pacsd.jobs.outcomes import Dead, Done, Handler, Outcome, Retry

_LONGER_S = 5.0
"""Than the deadline of the hook, which says more of who is late."""


def consumers_of(hooks: Hooks) -> tuple[Consumer, ...]:
    """A consumer for each plugin that wants to know of events."""
    deadline_s = max(hook_facts(f"pacsd_{kind}").deadline_s for kind in EventKind)
    return tuple(
        Consumer(queue_of(plugin), partial(_tell, hooks.events, plugin), deadline_s + _LONGER_S)
        for plugin in hooks.events.plugins
    )


def job_handler(hooks: Hooks) -> Handler:
    """Who runs the jobs that plugins gave themselves."""
    deadline_s = hook_facts("pacsd_job").deadline_s
    return Handler(partial(_run, hooks.job), deadline_s + _LONGER_S)


async def _tell(events: Durable[EventKind], plugin: str, event: ArchiveEvent) -> None:
    """Tell a plugin.

    Raises:
        HookError: it has to be told again.
    """
    await events.tell(plugin, event.kind, event=event)


async def _run(hook: Durable[None], job: Job) -> Outcome:
    plugin = plugin_of(job)
    if plugin not in hook.plugins:
        return Retry(f"plugin {plugin} is not enabled, or does no jobs")
    try:
        given = plugin_job(job)
    except (ValueError, KeyError) as error:
        return Dead(f"no job of a plugin: {error}")
    try:
        await hook.tell(plugin, None, job=given)
    except HookError as error:
        return Retry(str(error))
    return Done()
