from collections.abc import Iterator

import pytest

from contrib.bench.medium import Medium, NoMedium, medium


@pytest.fixture
def disk() -> Iterator[Medium]:
    """A file system of our own, whose power can be cut."""
    try:
        with medium() as made:
            yield made
    except NoMedium as reason:
        pytest.skip(str(reason))
