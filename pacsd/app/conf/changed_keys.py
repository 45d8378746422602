"""Which settings differ between two configurations, by name: values may be secret."""

from collections.abc import Iterator, Mapping

from pacsd.app.conf.settings import Config

READ_AT_RELOAD = frozenset({"peers_file"})
"""Keys that a reload reads again; all others need a restart."""


def keys_for_restart(running: Config, read: Config) -> tuple[str, ...]:
    """The keys whose values are others than those with which the daemon runs, in their order.

    Lists of tables are named as a whole (`ae`): an entry more moves all others.
    """
    before, after = dict(_values(running)), dict(_values(read))
    keys = dict.fromkeys((*before, *after))
    return tuple(
        key for key in keys if key not in READ_AT_RELOAD and before.get(key) != after.get(key)
    )


def _values(config: Config) -> Iterator[tuple[str, object]]:
    return _leaves(config.model_dump(mode="json"), "")


def _leaves(table: Mapping[str, object], prefix: str) -> Iterator[tuple[str, object]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
