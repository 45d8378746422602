"""The time zone of this system, with its changes of the clock: for times of day in settings."""

import time
from datetime import UTC, datetime, timedelta, tzinfo


class LocalZone(tzinfo):
    """As the system's rules say, for each time those of that time."""

    def utcoffset(self, moment: datetime | None, /) -> timedelta:
        """Of a local time; where the clock was set back, of the first of both."""
        local = datetime.now() if moment is None else moment  # noqa: DTZ005 - local is meant
        fields = (*local.timetuple()[:8], -1)
        return _offset_at(time.mktime(fields))

    def fromutc(self, moment: datetime, /) -> datetime:
        """The local time of a time in UTC."""
        return moment + _offset_at(moment.replace(tzinfo=UTC).timestamp())

    def dst(self, _: datetime | None, /) -> None:
        """It is not told apart."""

    def tzname(self, _: datetime | None, /) -> str:
        """What the system calls it."""
        return time.tzname[0]


def _offset_at(stamp: float) -> timedelta:
    return timedelta(seconds=time.localtime(stamp).tm_gmtoff)
