from pathlib import Path

import pytest

from contrib.examples.no_screenshots.pacsd_no_screenshots import (
    NoScreenshots,
    NoScreenshotsSettings,
)
from pacsd.api.events import EventKind
from pacsd.api.routing import Route
from pacsd.testing.fake_host import FakeHost, fake_host
from pacsd.testing.hook_call import call_hook
from pacsd.testing.hook_records import event_subject
from pacsd.testing.route_contract import RouteContract

SCREENSHOT = "1.2.840.10008.5.1.4.1.1.7"


def plugin(host: FakeHost) -> NoScreenshots:
    return NoScreenshots(host, NoScreenshotsSettings())


class TestNoScreenshots(RouteContract):
    @pytest.fixture
    def plugin(self, tmp_path: Path) -> NoScreenshots:
        return plugin(fake_host(tmp_path))


@pytest.mark.parametrize("sop_class", [SCREENSHOT, f"{SCREENSHOT}.4"])
async def test_screenshots_stay(tmp_path: Path, sop_class: str) -> None:
    subject = event_subject({"SOPClassUID": sop_class}, EventKind.INSTANCE_STORED)
    assert await call_hook(plugin(fake_host(tmp_path)), "pacsd_route", subject=subject) is None


@pytest.mark.parametrize("sop_class", [f"{SCREENSHOT}7", "1.2.840.10008.5.1.4.1.1.2"])
async def test_everything_else_goes_unless_it_came_from_there(
    tmp_path: Path, sop_class: str
) -> None:
    tested, attributes = plugin(fake_host(tmp_path)), {"SOPClassUID": sop_class}
    subject = event_subject(attributes, EventKind.INSTANCE_STORED)
    routes = await call_hook(tested, "pacsd_route", subject=subject)
    assert routes == (Route("peer:REGION", "no screenshot"),)
    back = event_subject(attributes, EventKind.INSTANCE_STORED, calling_ae="REGION")
    assert await call_hook(tested, "pacsd_route", subject=back) is None
