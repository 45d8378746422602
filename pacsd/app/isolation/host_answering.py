"""What a plugin asks its Host for from elsewhere, answered where the daemon's Host is."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from pacsd.api.errors import PluginError
from pacsd.api.host import HostError
from pacsd.api.plugin import Host
from pacsd.app.isolation.channel import Channel, Handler
from pacsd.app.isolation.errors import AskFailed, ChannelClosed, Misfit
from pacsd.app.isolation.host_asking import Ask
from pacsd.app.isolation.scalar_values import Form
from pacsd.app.isolation.values import form_of

Calls = Callable[..., Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Method:
    """Something that can be asked for: how it is answered, and what crosses a channel for it."""

    of: Callable[[Host], Calls]
    arguments: Form
    answer: Form


def _enqueue(host: Host) -> Calls:
    async def enqueue(name: str, payload: str, unique_key: str, after_s: float) -> int:
        return await host.jobs.enqueue(name, payload, unique_key=unique_key, after_s=after_s)

    return enqueue


METHODS: Mapping[str, Method] = {
    "values.get": Method(lambda host: host.values.get, form_of(tuple[str]), form_of(bytes | None)),
    "values.put": Method(
        lambda host: host.values.put, form_of(tuple[str, bytes]), form_of(type(None))
    ),
    "values.put_if_equal": Method(
        lambda host: host.values.put_if_equal,
        form_of(tuple[str, bytes, bytes | None]),
        form_of(bool),
    ),
    "values.delete": Method(lambda host: host.values.delete, form_of(tuple[str]), form_of(bool)),
    "values.keys": Method(
        lambda host: host.values.keys, form_of(tuple[str, str]), form_of(tuple[str, ...])
    ),
    "jobs.enqueue": Method(_enqueue, form_of(tuple[str, str, str, float]), form_of(int)),
}


def through_loop(host: Host, loop_of: Callable[[], asyncio.AbstractEventLoop | None]) -> Ask:
    """For a plugin in a thread of its own: it is answered on the daemon's event loop."""

    async def ask(method: str, arguments: tuple[object, ...]) -> object:
        loop = loop_of()
        if loop is None:
            raise HostError("there is no daemon yet")
        answering = _answer(METHODS[method].of(host), arguments)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(answering, loop))

    return ask


async def _answer(call: Calls, arguments: tuple[object, ...]) -> object:
    return await call(*arguments)


def through_channel(channel: Channel) -> Ask:
    """For a plugin in a process of its own: over its channel."""

    async def ask(method: str, arguments: tuple[object, ...]) -> object:
        found = METHODS[method]
        try:
            raw = await channel.ask(method, found.arguments.encode(arguments))
            return found.answer.decode(raw)
        except (AskFailed, ChannelClosed, Misfit) as failed:
            raise HostError(str(failed)) from failed

    return ask


def handlers_of(host: Host) -> dict[str, Handler]:
    """The other end of such a channel."""
    return {name: partial(_handle, host, method) for name, method in METHODS.items()}


async def _handle(host: Host, method: Method, raw: object) -> object:
    arguments = method.arguments.decode(raw)
    assert isinstance(arguments, tuple)  # noqa: S101 - its form makes nothing else
    try:
        answer = await method.of(host)(*arguments)
    except HostError as error:
        raise PluginError(host.name, str(error)) from error
    return method.answer.encode(tuple(answer) if isinstance(answer, list) else answer)
