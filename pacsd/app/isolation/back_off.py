"""How long a plugin that ended stays away: longer each time, until it has lived well again."""

FIRST_S = 0.5
LONGEST_S = 60.0
GOOD_LIFE_S = 60.0


class BackOff:
    """Half a second, one, two ... a minute."""

    def __init__(self) -> None:
        self._next_s = FIRST_S

    def after(self, lived_s: float) -> float:
        """How long to wait after a life of so many seconds."""
        if lived_s >= GOOD_LIFE_S:
            self._next_s = FIRST_S
        wait_s = self._next_s
        self._next_s = min(2 * wait_s, LONGEST_S)
        return wait_s
