"""What plugins keep: values under keys of their own, durable and bounded."""

from functools import partial
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, select

from pacsd.index import schema_jobs
from pacsd.index.errors import PluginValueRefused
from pacsd.index.records import Scope
from pacsd.index.session import WriteSession, insertion
from pacsd.index.sqlite import insert_or_set
from pacsd.index.threads import Threads

MAX_VALUE_BYTES = 64 * 1024
MAX_KEY_BYTES = 512
MAX_KEYS = 10_000
"""Of one plugin in one partition."""

_value = schema_jobs.plugin_value.c
_KEY = ("partition_id", "plugin", "key")
_PUT = insertion(insert_or_set(schema_jobs.plugin_value, _KEY, "value", "updated_at_us"))
_IS_IT = (
    _value.partition_id == bindparam("partition"),
    _value.plugin == bindparam("its_plugin"),
    _value.key == bindparam("its_key"),
)
_GET = select(_value.value).where(*_IS_IT)
_DELETE = delete(schema_jobs.plugin_value).where(*_IS_IT)
_COUNT = select(func.count()).where(*_IS_IT[:2])


class Shelf(NamedTuple):
    """Whose values they are."""

    partition: int
    plugin: str


class PluginValues:
    """The values of all plugins; each knows only its own keys."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def get(self, scope: Scope, plugin: str, key: str) -> bytes | None:
        """The value under a key."""
        return await self._threads.read(partial(_get, Shelf(scope.partition, plugin), key))

    async def put(self, scope: Scope, plugin: str, key: str, value: bytes) -> None:
        """Keep a value, in place of the one under its key; durable once this returns.

        Raises:
            PluginValueRefused: it or its key is too long, or there are as many keys as may be.
        """
        await self._threads.write(partial(_put, Shelf(scope.partition, plugin), key, value))

    async def put_if_equal(
        self, scope: Scope, plugin: str, key: str, value: bytes, expected: bytes | None
    ) -> bool:
        """Keep a value if the one under its key is the expected one (None: there is none).

        Raises:
            PluginValueRefused: as in `put`.
        """
        shelf = Shelf(scope.partition, plugin)
        return await self._threads.write(partial(_put_if_equal, shelf, key, value, expected))

    async def delete(self, scope: Scope, plugin: str, key: str) -> bool:
        """Keep nothing under a key; whether there was something."""
        return await self._threads.write(partial(_delete, Shelf(scope.partition, plugin), key))

    async def keys(
        self, scope: Scope, plugin: str, prefix: str = "", after: str = "", limit: int = 1_000
    ) -> list[str]:
        """Keys that begin so, in their order, from behind `after` on."""
        shelf = Shelf(scope.partition, plugin)
        return await self._threads.read(partial(_keys, shelf, prefix, after, limit))


def _get(shelf: Shelf, key: str, connection: Connection) -> bytes | None:
    chosen = select(_value.value).where(*_are_of(shelf), _value.key == key)
    return connection.execute(chosen).scalar()


def _put(shelf: Shelf, key: str, value: bytes, session: WriteSession) -> None:
    _check(key, value)
    if not session.fetch(_GET, *shelf, key):
        ((count,),) = session.fetch(_COUNT, *shelf)
        if count >= MAX_KEYS:
            raise PluginValueRefused(f"plugin {shelf.plugin}: has {count} keys, the most it may")
    session.execute(_PUT, *shelf, key, value, session.now_us())


def _put_if_equal(
    shelf: Shelf, key: str, value: bytes, expected: bytes | None, session: WriteSession
) -> bool:
    found = session.fetch(_GET, *shelf, key)
    if (found[0][0] if found else None) != expected:
        return False
    _put(shelf, key, value, session)
    return True


def _delete(shelf: Shelf, key: str, session: WriteSession) -> bool:
    return session.write(_DELETE, [(*shelf, key)]) > 0


def _keys(shelf: Shelf, prefix: str, after: str, limit: int, connection: Connection) -> list[str]:
    begins_so = func.substr(_value.key, 1, len(prefix)) == prefix
    chosen = select(_value.key).where(
        *_are_of(shelf), _value.key > after, _value.key >= prefix, begins_so
    )
    return list(connection.execute(chosen.order_by(_value.key).limit(limit)).scalars())


def _are_of(shelf: Shelf) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return _value.partition_id == shelf.partition, _value.plugin == shelf.plugin


def _check(key: str, value: bytes) -> None:
    """See that a key and its value are fit to be kept.

    Raises:
        PluginValueRefused: one is not.
    """
    if not key or "\0" in key:
        raise PluginValueRefused("key: is empty or has a NUL character")
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        raise PluginValueRefused("key: is no Unicode text") from None
    if size > MAX_KEY_BYTES:
        raise PluginValueRefused(f"key: {size} bytes are more than {MAX_KEY_BYTES}")
    if len(value) > MAX_VALUE_BYTES:
        raise PluginValueRefused(f"value: {len(value)} bytes are more than {MAX_VALUE_BYTES}")
