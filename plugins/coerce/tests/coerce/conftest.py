from pathlib import Path

import pytest

from pacsd.testing.fake_host import FakeHost, fake_host


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return fake_host(tmp_path)
