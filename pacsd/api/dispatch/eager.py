"""Calls that answer at once, and those that wait: only these need a deadline.

A deadline costs several times what a short call does, and most implementations of hooks answer
from memory.
"""

import asyncio
from collections.abc import Coroutine, Generator
from types import coroutine


async def answer_by(call: Coroutine[object, object, object], until: float) -> object:
    """Run a call to its end, but not beyond `until`, in the event loop's time.

    Raises:
        TooLate: it would have waited longer.
    """
    try:
        waits_for = call.send(None)
    except StopIteration as answered:
        return answered.value
    # Not a scope of anyio: the call may have entered one by now, and scopes must nest.
    limit = asyncio.timeout_at(until)
    try:
        async with limit:
            return await _rest(call, waits_for)
    except TimeoutError as error:
        if limit.expired():
            raise TooLate from error
        raise


class TooLate(Exception):
    """A call would have waited beyond its deadline; it is cancelled."""


@coroutine
def _rest(
    call: Coroutine[object, object, object], waits_for: object
) -> Generator[object, object, object]:
    """What is left of a call that has begun, and waits for something now."""
    while True:
        try:
            try:
                sent = yield waits_for
            except BaseException as thrown:  # noqa: BLE001 - the call decides, cancellation too
                waits_for = call.throw(thrown)
            else:
                waits_for = call.send(sent)
        except StopIteration as answered:
            return answered.value
