"""Two clocks: one that never goes back, for what must rise, and one that tells the time."""

import time


def now_us() -> int:
    """Monotonic microseconds; only differences mean anything."""
    return time.monotonic_ns() // 1_000


def utc_us() -> int:
    """UTC microseconds since 1970; may go back when somebody sets the time."""
    return time.time_ns() // 1_000
