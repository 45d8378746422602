"""The routes of plugins: which of them a path is of."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from pacsd.api.http import MAX_ROUTES, METHODS, HttpRoute

ROOT = "/plugins"
MAX_PATH_LENGTH = 256
MAX_SUMMARY_LENGTH = 200

_LITERAL = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*")
_VARIABLE = re.compile(r"\{([a-z][a-z0-9_]*)\}")

Shape = tuple[str | None, ...]
"""The segments of a path; None stands for any one."""


class RouteRefused(ValueError):
    """A route of a plugin that may not be, or that there is already; the text says which."""

    def __init__(self, plugin: str, text: str) -> None:
        super().__init__(text)
        self.plugin = plugin


@dataclass(frozen=True, slots=True)
class PluginRoute:
    """A route of a plugin."""

    plugin: str
    route: HttpRoute

    @property
    def path(self) -> str:
        """Its path on the listener."""
        return f"{ROOT}/{self.plugin}{self.route.path}"


@dataclass(frozen=True, slots=True)
class Found:
    """What a path is of: routes by method, of one shape, and what stands for its variables."""

    routes: Mapping[str, PluginRoute]
    segments: tuple[str, ...]

    def variables_of(self, route: PluginRoute) -> dict[str, str]:
        """What stands for the variables of one of them."""
        named = zip(_segments(route.route.path), self.segments, strict=True)
        variables = ((_VARIABLE.fullmatch(name), given) for name, given in named)
        return {match[1]: given for match, given in variables if match}


class RouteTable:
    """All routes of all plugins."""

    def __init__(self, routes: Iterable[PluginRoute] = ()) -> None:
        """See that they go together.

        Raises:
            RouteRefused: they do not.
        """
        self.routes: list[PluginRoute] = []
        self._by_shape: dict[str, dict[Shape, dict[str, PluginRoute]]] = {}
        for each in routes:
            self._add(each)

    def find(self, raw_path: str) -> Found | None:
        """What a path is of, None if that is nothing; what is written out goes before variables."""
        plugin, *segments = map(unquote, raw_path.removeprefix(ROOT + "/").split("/"))
        matching = [
            (shape, methods)
            for shape, methods in self._by_shape.get(plugin, {}).items()
            if _fits(shape, segments)
        ]
        if not matching:
            return None
        _, methods = min(matching, key=lambda each: [part is None for part in each[0]])
        return Found(methods, tuple(segments))

    def _add(self, each: PluginRoute) -> None:
        _check(each)
        shapes = self._by_shape.setdefault(each.plugin, {})
        methods = shapes.setdefault(_shape(each.route.path), {})
        if each.route.method in methods:
            other = methods[each.route.method].route.path
            raise RouteRefused(each.plugin, f"{_named(each)}: is the same as {other}")
        if sum(map(len, shapes.values())) >= MAX_ROUTES:
            raise RouteRefused(each.plugin, f"has more than {MAX_ROUTES} routes")
        methods[each.route.method] = each
        self.routes.append(each)


def _fits(shape: Shape, segments: list[str]) -> bool:
    if len(shape) != len(segments) or not all(segments):
        return False
    return all(part in {None, given} for part, given in zip(shape, segments, strict=True))


def _shape(path: str) -> Shape:
    return tuple(None if _VARIABLE.fullmatch(each) else each for each in _segments(path))


def _segments(path: str) -> list[str]:
    return path.split("/")[1:]


def _check(each: PluginRoute) -> None:
    route = each.route
    if route.method not in METHODS:
        rule = f"the method is none of {', '.join(METHODS)}"
        raise RouteRefused(each.plugin, f"{_named(each)}: {rule}")
    if not route.path.startswith("/") or len(route.path) > MAX_PATH_LENGTH:
        rule = f"the path does not begin with / or is longer than {MAX_PATH_LENGTH}"
        raise RouteRefused(each.plugin, f"{_named(each)}: {rule}")
    segments = _segments(route.path)
    for segment in segments:
        if not _LITERAL.fullmatch(segment) and not _VARIABLE.fullmatch(segment):
            rule = "is neither of A-Z, a-z, 0-9, . _ ~ - nor {a_name}"
            raise RouteRefused(each.plugin, f"{_named(each)}: {segment[:64]!a} {rule}")
    named = [segment for segment in segments if _VARIABLE.fullmatch(segment)]
    if len({*named}) < len(named):
        raise RouteRefused(each.plugin, f"{_named(each)}: a name stands in two segments")
    if not 0 < len(route.summary) <= MAX_SUMMARY_LENGTH:
        rule = f"the summary has {len(route.summary)} characters, not 1 to {MAX_SUMMARY_LENGTH}"
        raise RouteRefused(each.plugin, f"{_named(each)}: {rule}")


def _named(each: PluginRoute) -> str:
    return f"route {each.route.method[:16]!a} {each.route.path[:64]!a}"
