"""Hooks about commands of those who run the daemon."""

from pacsd.api.commands import CommandAnswer, PluginCommand
from pacsd.api.hook_facts import Kind, Policy, specification


@specification(Kind.COLLECT, Policy.CLOSED, deadline_s=10, since="0.1", answers=(tuple,))
def pacsd_commands() -> tuple[PluginCommand, ...] | None:
    """Say which commands of `pacsd run PLUGIN` this plugin knows.

    Asked once, when the daemon starts. Two of one name, a name that is none, more than 32 and
    commands of a plugin without `pacsd_command` keep the daemon from starting.

    Returns:
        The commands, or None.
    """


@specification(Kind.OWNER, Policy.CLOSED, deadline_s=50, since="0.1", answers=(CommandAnswer,))
def pacsd_command(name: str, arguments: tuple[str, ...]) -> CommandAnswer | None:
    """Do what somebody on this machine wants of this plugin: `pacsd run PLUGIN NAME ARGUMENTS`.

    Whoever can speak to the running daemon may: its own user, and root. What takes longer is work
    for `host.jobs.enqueue`. Whoever raises, is late or answers anything else is told of as failed.

    Args:
        name: one of those that `pacsd_commands` names.
        arguments: what stands behind it, as it stands there; up to 256.

    Returns:
        What to say and the exit code; None says nothing, with exit code 0.
    """
