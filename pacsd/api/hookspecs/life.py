"""Hooks about the life of the daemon and its plugins."""

from pacsd.api.config_change import ConfigChange
from pacsd.api.health import Health
from pacsd.api.hook_facts import Kind, Policy, specification


@specification(Kind.NOTIFY, Policy.OPEN, deadline_s=5, since="0.1")
def pacsd_config_changed(change: ConfigChange) -> None:
    """Learn that the configuration was read again, and read again what you read from elsewhere.

    Told after each reload (`pacsd reload`, SIGHUP) that was not refused, be it that no key has
    changed, to every plugin that went on running: one whose own table has changed was started anew
    instead. All of them are told. What fails is logged and not repeated.

    Args:
        change: which keys have changed.
    """


@specification(Kind.COLLECT, Policy.OPEN, deadline_s=2, since="0.1", answers=(Health,))
def pacsd_health() -> Health | None:
    """Say how you do: whether what you need is there, and works.

    Asked when somebody looks at `/ready`, `/metrics` or `pacsd plugins list`, at most every five
    seconds; to be answered from memory, not by trying. All plugins are asked. One that raises, is
    late or answers anything else is ill. Who is ill is named by `pacsd plugins list`, and by the
    metric `pacsd_plugin_healthy`; as long as the plugin of the store is, the daemon is not ready.

    Returns:
        How it does; None when there is nothing to say, which is well.
    """
