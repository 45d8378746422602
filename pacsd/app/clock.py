"""A clock that never goes back, for stamps that must rise."""

import time


def now_us() -> int:
    """Monotonic microseconds; only differences mean anything."""
    return time.monotonic_ns() // 1_000
