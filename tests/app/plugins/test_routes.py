from pathlib import Path

import pytest

from pacsd.api.access import Principal
from pacsd.api.dispatch.tally import Tally
from pacsd.api.errors import HookError, PluginError
from pacsd.api.hooks import hookimpl
from pacsd.api.http import MAX_BODY_BYTES, HttpRequest, HttpResponse, HttpRoute
from pacsd.app.isolation.home import Enabled
from pacsd.app.plugins.hooks import make_hooks
from pacsd.app.plugins.routes import http_request, route_table
from tests.api.hookspecs.hooks_of import hooks_of
from tests.app.isolation.homes import host_of, importable, living
from tests.app.isolation.recording_logger import RecordingLogger
from tests.app.isolation.test_host_asking import HOMES

BODY = bytes(MAX_BODY_BYTES)
REQUEST = HttpRequest(
    "POST", "/echo/{name}", {"name": "Bob"}, (), (("accept", "*/*"),), BODY, Principal("doe"), ""
)


@pytest.mark.parametrize("level", HOMES)
async def test_a_plugin_answers_wherever_it_lives(tmp_path: Path, level: str) -> None:
    enabled = Enabled("bad", "tests.app.plugins.answering:Answering", {}, tmp_path)
    with importable():
        async with living(HOMES[level](enabled, host_of(RecordingLogger(), tmp_path))) as home:
            hooks = make_hooks({"bad": home}, Tally(), lambda _: None)
            table = await route_table(hooks)
            assert [each.path for each in table.routes] == ["/plugins/bad/echo/{name}"]
            answer = await http_request(hooks)("bad", REQUEST)
    assert answer == HttpResponse(201, BODY, {"X-Said": "doe Bob"})


class Routes:
    def __init__(self, *paths: str) -> None:
        self.paths = paths

    @hookimpl
    def pacsd_http_routes(self) -> tuple[HttpRoute, ...]:
        return tuple(HttpRoute("GET", path, "A route") for path in self.paths)


class Answers(Routes):
    @hookimpl
    async def pacsd_http_request(self) -> None: ...


async def test_routes_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(PluginError, match="plugin acme: route 'GET' '/a': is the same as /a"):
        await route_table(hooks_of(Answers("/a", "/a")))
    with pytest.raises(PluginError, match="plugin acme: route 'GET' 'a': the path does not begin"):
        await route_table(hooks_of(Answers("a")))
    assert len((await route_table(hooks_of(Answers("/a"), Answers("/a")))).routes) == 2


async def test_routes_that_nobody_answers_are_refused() -> None:
    with pytest.raises(PluginError, match="does not implement pacsd_http_request"):
        await route_table(hooks_of(Routes("/a")))


async def test_who_cannot_say_its_routes_keeps_the_daemon_from_starting() -> None:
    class Fails:
        @hookimpl
        def pacsd_http_routes(self) -> None:
            raise OSError("no disk")

    with pytest.raises(HookError, match="plugin acme: pacsd_http_routes: raised OSError: no disk"):
        await route_table(hooks_of(Fails()))
