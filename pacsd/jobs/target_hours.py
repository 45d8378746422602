"""The hours of targets: outside of them nothing is begun for a target; see `TargetTerms`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo

from pacsd.api.windows import Window

LOOK_AGAIN_S = 600.0
"""Somebody may set the clock: no wait for an hour is longer than this."""

_MINUTES = "%a %H:%M"


class TargetHours:
    """The hours of some targets, by the queues of their jobs. `now` is aware, `zone` local time."""

    def __init__(
        self, windows: Mapping[str, Window], now: Callable[[], datetime], zone: tzinfo
    ) -> None:
        self._windows = {queue: each for queue, each in windows.items() if each.spans}
        self._now = now
        self._zone = zone

    def closed(self) -> Sequence[str]:
        """The queues of targets that are not sent to now."""
        now, zone = self._now(), self._zone
        return [queue for queue, each in self._windows.items() if not each.is_open(now, zone)]

    def opens_in_s(self, queue: str) -> float:
        """When to look again whether a target is sent to, in so many seconds; 0: it is."""
        window = self._windows.get(queue)
        if window is None:
            return 0.0
        now = self._now()
        return min(LOOK_AGAIN_S, (window.opening(now, self._zone) - now).total_seconds())

    def why(self, queue: str) -> str:
        """Why a target is not sent to now; '' where it is."""
        window, now = self._windows.get(queue), self._now()
        if window is None or window.is_open(now, self._zone):
            return ""
        opening = window.opening(now, self._zone).astimezone(self._zone)
        return f"outside of its hours; they begin on {opening.strftime(_MINUTES)}"
