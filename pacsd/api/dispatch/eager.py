"""What is left of a call that did not answer at once: only this needs a deadline.

A deadline costs several times what a short call does, and most implementations of hooks answer
from memory.
"""

import asyncio
from collections.abc import Coroutine, Generator
from types import coroutine

Call = Coroutine[object, object, object]


class TooLate(Exception):
    """A call would have waited beyond its deadline; it is cancelled."""


async def finish_within(call: Call, waits_for: object, seconds: float) -> object:
    """Run a call to its end that was begun by `send`, and waits for `waits_for` now.

    Raises:
        TooLate: it would have waited longer.
    """
    # Not a scope of anyio: the call may have entered one by now, and scopes must nest.
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await _rest(call, waits_for)
    except TimeoutError as error:
        if limit.expired():
            raise TooLate from error
        raise


@coroutine
def _rest(call: Call, waits_for: object) -> Generator[object, object, object]:
    """All that follows; what is sent or thrown in goes on to the call."""
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
