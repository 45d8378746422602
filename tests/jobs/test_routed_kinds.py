from collections.abc import Collection

from pacsd.api.events import EventKind
from pacsd.api.routing import ROUTED
from pacsd.jobs.routed_kinds import BELIEVED_FOR_S, RoutedKinds

QUIET = (EventKind.STUDY_QUIET,)


class Plugin:
    """Says these, or raises when there are none to say."""

    def __init__(self) -> None:
        self.kinds: Collection[EventKind] | None = QUIET
        self.is_broken = False
        self.asked = 0
        self.now_s = 0.0

    async def __call__(self, plugin: str) -> Collection[EventKind] | None:
        assert plugin == "acme"
        self.asked += 1
        if self.is_broken:
            raise OSError("no rules")
        return self.kinds


async def test_what_was_said_is_believed_for_some_seconds() -> None:
    plugin = Plugin()
    kinds = RoutedKinds(plugin, lambda: plugin.now_s)
    assert await kinds.of("acme") == QUIET
    plugin.kinds = (EventKind.SERIES_QUIET,)
    plugin.now_s = BELIEVED_FOR_S - 1
    assert await kinds.of("acme") == QUIET
    plugin.now_s = BELIEVED_FOR_S
    assert await kinds.of("acme") == (EventKind.SERIES_QUIET,)
    assert plugin.asked == 2


async def test_whoever_cannot_say_is_asked_about_all() -> None:
    plugin = Plugin()
    plugin.kinds = None
    assert await RoutedKinds(plugin).of("acme") == ROUTED
    plugin.is_broken = True
    assert await RoutedKinds(plugin).of("acme") == ROUTED
