import re

from pacsd.net.web.boundaries import boundary


def test_none_comes_twice() -> None:
    made = [boundary() for _ in range(1_000)]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in made)
