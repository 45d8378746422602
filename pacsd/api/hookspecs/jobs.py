"""Hooks about durable work."""

from pacsd.api.hook_facts import Kind, Policy, specification
from pacsd.api.host import PluginJob


@specification(Kind.NOTIFY, Policy.AGAIN, deadline_s=600, since="0.1")
def pacsd_job(job: PluginJob) -> None:
    """Do what this plugin enqueued with `host.jobs.enqueue`.

    Called for the plugin's own jobs only, a few at a time, also after a restart. Whoever raises or
    is late is called again later, with longer and longer waits in between, ten times in all; then
    the job is left among the dead letters, from where `pacsd jobs retry` brings it back.

    Args:
        job: what to do, and the how manieth attempt this is.
    """
