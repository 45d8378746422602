from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import structlog

from pacsd.api.plugin import Host
from pacsd.app.isolation.home import Home
from pacsd.app.isolation.inline import InlineHome
from pacsd.app.isolation.process import GuestProcess
from pacsd.app.isolation.thread import ThreadHome
from pacsd.app.plugins.homes import home_of
from pacsd.app.plugins.living import LivingRefused

ENTRY = EntryPoint("acme", "tests.app.plugins.samples:Gate", "pacsd.plugins")


def home(tmp_path: Path, table: dict[str, object]) -> Home:
    return home_of(ENTRY, table, Host("acme", tmp_path, structlog.get_logger("test")))


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        ({}, GuestProcess),
        ({"trusted": True}, InlineHome),
        ({"trusted": True, "isolation": "thread"}, ThreadHome),
    ],
)
def test_each_lives_where_its_table_says(
    tmp_path: Path, table: dict[str, object], kind: type[object]
) -> None:
    made = home(tmp_path, table)
    assert isinstance(made, kind)
    assert made.hooks == {}


def test_who_is_not_trusted_does_not_live_in_the_daemon(tmp_path: Path) -> None:
    with pytest.raises(LivingRefused):
        home(tmp_path, {"isolation": "inline"})
