import pytest

from pacsd.api.http import MAX_ROUTES, HttpRoute
from pacsd.net.web.plugin_routes import PluginRoute, RouteRefused, RouteTable


def route(
    method: str, path: str, plugin: str = "acme", summary: str = "What it does"
) -> PluginRoute:
    return PluginRoute(plugin, HttpRoute(method, path, summary))


def test_a_path_is_of_a_route() -> None:
    table = RouteTable(
        [route("GET", "/a/{x}"), route("POST", "/a/{y}"), route("GET", "/a/b"), route("GET", "/a")]
    )
    assert [each.path for each in table.routes][:2] == [
        "/plugins/acme/a/{x}",
        "/plugins/acme/a/{y}",
    ]
    found = table.find("/plugins/acme/a/1%2F2%C3%BC")
    assert found is not None
    assert [*found.routes] == ["GET", "POST"]
    assert found.variables_of(found.routes["GET"]) == {"x": "1/2ü"}
    assert found.variables_of(found.routes["POST"]) == {"y": "1/2ü"}
    written_out = table.find("/plugins/acme/a/b")
    assert written_out is not None
    assert written_out.routes["GET"].route.path == "/a/b"
    assert written_out.variables_of(written_out.routes["GET"]) == {}


@pytest.mark.parametrize(
    "path", ["/plugins", "/plugins/", "/plugins/acme", "/plugins/acme/", "/plugins/acme/a/",
             "/plugins/acme//a", "/plugins/acme/b", "/plugins/other/a", "/plugins/acme/a/b/c"]
)  # fmt: skip
def test_a_path_is_of_none(path: str) -> None:
    assert RouteTable([route("GET", "/a"), route("GET", "/a/{x}")]).find(path) is None


def test_two_that_are_the_same_are_refused() -> None:
    with pytest.raises(RouteRefused, match=r"route 'GET' '/a/\{y\}': is the same as /a/\{x\}"):
        RouteTable([route("GET", "/a/{x}"), route("GET", "/a/{y}")])
    RouteTable([route("GET", "/a"), route("POST", "/a"), route("GET", "/a", "other")])


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (route("HEAD", "/a"), "the method is none of GET, POST, PUT, PATCH, DELETE"),
        (route("get", "/a"), "the method is none of"),
        (route("GET", "a"), "the path does not begin with /"),
        (route("GET", "/" + "a" * 256), "is longer than 256"),
        (route("GET", "/"), "'' is neither of"),
        (route("GET", "/a/../b"), "'..' is neither of"),
        (route("GET", "/a b"), "'a b' is neither of"),
        (route("GET", "/a{x}"), "'a{x}' is neither of"),
        (route("GET", "/{x}/{x}"), "a name stands in two segments"),
        (route("GET", "/a", summary=""), "the summary has 0 characters"),
    ],
)
def test_what_is_no_route_is_refused(wrong: PluginRoute, why: str) -> None:
    with pytest.raises(RouteRefused, match=why) as refused:
        RouteTable([wrong])
    assert refused.value.plugin == "acme"


def test_a_plugin_has_only_so_many() -> None:
    routes = [route("GET", f"/{number}") for number in range(MAX_ROUTES)]
    with pytest.raises(RouteRefused, match="has more than 64 routes"):
        RouteTable([*routes, route("GET", "/more")])
