"""The commands of the admin socket about plugins, over the tally of their calls."""

import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

from pacsd.api.dispatch.tally import LAST_CALLS, Call, Count, Ending, Tally
from pacsd.api.health import Health
from pacsd.app.admin.arguments import Arguments, text, whole_number
from pacsd.app.admin.plugin_records import HookCount, PluginState, TraceAnswer, TracedCall
from pacsd.app.admin.unix_socket import Command

DEFAULT_TRACED = 50

Healths = Callable[[], Awaitable[Mapping[str, Health]]]
"""How the plugins that run do, by their names."""

_FAILURES = (Ending.RAISED, Ending.LATE, Ending.JUNK)


def plugin_commands(
    tally: Tally, healths: Healths, clock: Callable[[], float] = time.monotonic
) -> dict[str, Command]:
    """The commands by name; `clock` is that of the tally's calls."""

    async def states(_: Arguments) -> list[PluginState]:
        """Each plugin that runs."""
        return [
            PluginState(name, each.is_well, each.explanation)
            for name, each in (await healths()).items()
        ]

    def counts(_: Arguments) -> list[HookCount]:
        """Each implementation of a hook, whether it was called or not."""
        now = clock()
        return [
            _counted(plugin, hook, count, now) for (hook, plugin), count in tally.counts.items()
        ]

    def trace(arguments: Arguments) -> TraceAnswer:
        """The last `limit` calls behind the number `after`, of one plugin or hook if named."""
        plugin, hook = text(arguments, "plugin", ""), text(arguments, "hook", "")
        after = whole_number(arguments, "after", default=0)
        limit = min(whole_number(arguments, "limit", default=DEFAULT_TRACED), LAST_CALLS)
        calls = tally.last_calls()
        last = tally.total
        first, now = last - len(calls) + 1, clock()
        wanted = (
            _traced(number, call, now)
            for number, call in enumerate(calls, first)
            if number > after and plugin in ("", call.plugin) and hook in ("", call.hook)
        )
        return TraceAnswer(first, last, tuple(deque(wanted, maxlen=limit)))

    return {"plugins.counts": counts, "plugins.states": states, "plugins.trace": trace}


def _counted(plugin: str, hook: str, count: Count, now: float) -> HookCount:
    not_asked = count.endings[Ending.RESTING]
    return HookCount(
        plugin=plugin,
        hook=hook,
        calls=count.endings.total() - not_asked,
        failures=sum(count.endings[ending] for ending in _FAILURES),
        not_asked=not_asked,
        seconds=count.seconds,
        rests_s=count.breaker.rests(now),
    )


def _traced(number: int, call: Call, now: float) -> TracedCall:
    return TracedCall(
        number=number,
        ago_s=max(0.0, now - call.ended_at),
        plugin=call.plugin,
        hook=call.hook,
        seconds=call.seconds,
        ending=str(call.ending),
        kind=call.kind,
        traceback=call.traceback,
    )
