import pytest

from contrib.bench import settling
from contrib.bench.archives import NotFilled


class Busy:
    """Takes a second of CPU between two looks, so many times."""

    def __init__(self, looks: int) -> None:
        self.left = looks
        self.taken_s = 0.0
        self.asked = 0

    def cpu_s(self) -> float:
        self.asked += 1
        if self.asked % 2 == 0 and self.left:
            self.left -= 1
            self.taken_s += 1
        return self.taken_s


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "LOOK_S", 0)


def test_a_busy_server_is_waited_for() -> None:
    server = Busy(3)
    settling.settle(server)
    assert server.left == 0
    assert server.asked == 2 * (3 + 1)


def test_one_that_is_never_idle_is_not_waited_for_without_end() -> None:
    with pytest.raises(NotFilled):
        settling.settle(Busy(settling.LOOKS))
