"""Which settings differ between two configurations, by name: values may be secret."""

from collections.abc import Container, Iterator, Mapping

from pacsd.app.conf.settings import Config

READ_AT_RELOAD = frozenset({"peers_file"})
"""Keys that a reload reads again, beside the tables of plugins; all others need a restart."""


def keys_for_restart(running: Config, read: Config) -> tuple[str, ...]:
    """The keys whose values are others than those with which the daemon runs, in their order."""
    return tuple(key for key in changed_keys(running, read) if key not in READ_AT_RELOAD)


def changed_keys(before: Config, after: Config) -> tuple[str, ...]:
    """The keys whose values differ.

    Lists of tables are named as a whole (`ae`): an entry more moves all others. A table without any
    key is none, too: a plugin is named as a whole when it is added or removed.
    """
    old, new = dict(_values(before)), dict(_values(after))
    keys = dict.fromkeys((*old, *new))
    return (
        *(key for key in keys if old.get(key) != new.get(key)),
        *(
            f"plugins.{name}"
            for name in sorted(before.plugins.keys() ^ after.plugins.keys())
            if not {**before.plugins, **after.plugins}[name]
        ),
    )


def at_reload(running: Config, read: Config, pinned: Container[str]) -> Config:
    """What is in force once a daemon has read its configuration again.

    The plugins are those that were read, but for those that are `pinned`.
    """
    stay = {name: table for name, table in running.plugins.items() if name in pinned}
    others = {name: table for name, table in read.plugins.items() if name not in pinned}
    # In the order that was read, in which they are asked: what stays has its place there, too.
    order = dict.fromkeys((*(name for name in stay if name not in read.plugins), *read.plugins))
    tables = {**stay, **others}
    plugins = {name: tables[name] for name in order if name in tables}
    return running.model_copy(update={"plugins": plugins, "peers_file": read.peers_file})


def _values(config: Config) -> Iterator[tuple[str, object]]:
    return _leaves(config.model_dump(mode="json"), "")


def _leaves(table: Mapping[str, object], prefix: str) -> Iterator[tuple[str, object]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
