"""What a plugin asks its Host for from elsewhere, answered where the daemon's Host is."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from pacsd.api.audit import AuditNote
from pacsd.api.dispatch.asked_for import Asked, within
from pacsd.api.errors import PluginError
from pacsd.api.host import HostError
from pacsd.api.instances import InstanceFacts
from pacsd.api.keys import Key
from pacsd.api.plugin import Host
from pacsd.app.isolation.channel import Channel, Handler
from pacsd.app.isolation.crossing_files import Beside, given, passed_on, taken, took
from pacsd.app.isolation.descriptors import Descriptors
from pacsd.app.isolation.errors import AskFailed, ChannelClosed, Misfit
from pacsd.app.isolation.host_asking import Ask
from pacsd.app.isolation.scalar_values import Form
from pacsd.app.isolation.values import form_of

Calls = Callable[..., Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Method:
    """Something that can be asked for: how it is answered, and what crosses a channel for it.

    What crosses `beside` the channel stands for its argument, or its answer, as a number.
    """

    of: Callable[[Host], Calls]
    arguments: Form
    answer: Form
    beside: Beside = Beside.NOTHING


def _enqueue(host: Host) -> Calls:
    async def enqueue(name: str, payload: str, unique_key: str, after_s: float) -> int:
        return await host.jobs.enqueue(name, payload, unique_key=unique_key, after_s=after_s)

    return enqueue


def _key(host: Host) -> Calls:
    async def get(name: str, asked: Asked) -> Key:
        with within(asked):
            return await host.keys.get(name)

    return get


_VALUES: Mapping[str, Method] = {
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
}
_INSTANCES: Mapping[str, Method] = {
    "instances.of_study": Method(
        lambda host: host.instances.of_study,
        form_of(tuple[str, str, str]),
        form_of(tuple[InstanceFacts, ...]),
    ),
    "instances.header": Method(
        lambda host: host.instances.header, form_of(tuple[str]), form_of(int), Beside.GIVES_BYTES
    ),
    "instances.read": Method(
        lambda host: host.instances.read,
        form_of(tuple[str, int, int]),
        form_of(int),
        Beside.GIVES_BYTES,
    ),
    "instances.open": Method(
        lambda host: host.instances.open, form_of(tuple[str]), form_of(int), Beside.GIVES_FILE
    ),
    "instances.add": Method(
        lambda host: host.instances.add, form_of(tuple[int]), form_of(str), Beside.TAKES_FILE
    ),
}
_STUDIES: Mapping[str, Method] = {
    "labels.set": Method(lambda host: host.labels.set, form_of(tuple[str, str]), form_of(bool)),
    "labels.remove": Method(
        lambda host: host.labels.remove, form_of(tuple[str, str]), form_of(bool)
    ),
    "labels.of": Method(lambda host: host.labels.of, form_of(tuple[str]), form_of(tuple[str, ...])),
    "audit.append": Method(
        lambda host: host.audit.append, form_of(tuple[AuditNote]), form_of(type(None))
    ),
}
METHODS: Mapping[str, Method] = {
    **_VALUES,
    "jobs.enqueue": Method(_enqueue, form_of(tuple[str, str, str, float]), form_of(int)),
    **_INSTANCES,
    **_STUDIES,
    "keys.get": Method(_key, form_of(tuple[str, Asked]), form_of(Key)),
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


def through_channel(channel: Channel, descriptors: Descriptors) -> Ask:
    """For a plugin in a process of its own: over its channel, files beside it."""

    async def ask(method: str, arguments: tuple[object, ...]) -> object:
        found = METHODS[method]
        try:
            async with passed_on(found.beside, descriptors, arguments) as told:
                raw = await channel.ask(method, found.arguments.encode(told))
            return await taken(found.beside, descriptors, found.answer.decode(raw))
        except (AskFailed, ChannelClosed, Misfit, OSError) as failed:
            raise HostError(str(failed)) from failed

    return ask


def handlers_of(host: Host, descriptors: Descriptors) -> dict[str, Handler]:
    """The other end of such a channel."""
    return {name: partial(_handle, host, method, descriptors) for name, method in METHODS.items()}


async def _handle(host: Host, method: Method, descriptors: Descriptors, raw: object) -> object:
    arguments = method.arguments.decode(raw)
    assert isinstance(arguments, tuple)  # noqa: S101 - its form makes nothing else
    try:
        with took(method.beside, descriptors, arguments) as known:
            answer = await method.of(host)(*known)
    except HostError as error:
        raise PluginError(host.name, str(error)) from error
    answer = await given(method.beside, descriptors, answer)
    return method.answer.encode(tuple(answer) if isinstance(answer, list) else answer)
