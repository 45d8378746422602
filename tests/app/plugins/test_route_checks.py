import anyio
import pytest

from pacsd.api.errors import NotProvided
from pacsd.api.hooks import hookimpl
from pacsd.api.route_target import Delivery, DeliveryResult, RouteTarget
from pacsd.api.routing import Route
from pacsd.app.plugins import route_checks
from pacsd.app.plugins.coerced_target import SendsCopies
from pacsd.app.plugins.route_checks import RouteChecks
from tests.api.hookspecs.hooks_of import hooks_of
from tests.app.plugins.coercing import Coercing


class Tape(Coercing):
    """Has a target and a coercion, and is never asked to do anything."""

    @hookimpl
    async def pacsd_route_target(self, name: str) -> RouteTarget | None:
        if name == "broken":
            raise OSError("no drive")
        return self if name == "tape" else None

    async def send(self, _: Delivery, /) -> DeliveryResult:
        raise AssertionError("sent to")

    async def send_copies(self, _: Delivery, __: object, /) -> DeliveryResult:
        raise AssertionError("sent to")

    async def check(self) -> str | None:
        raise AssertionError("looked at")


def peer(name: str) -> SendsCopies:
    if name == "peer:A":
        return Tape()
    raise NotProvided(name, "pacsd_route_target", f"there is no {name}")


@pytest.mark.parametrize(
    ("target", "coercion", "missing"),
    [
        ("tape", "", []),
        ("peer:A", "", []),
        ("tape", "research", []),
        ("peer:B", "", ["target peer:B: there is no peer:B"]),
        ("cloud", "research", ["target cloud: no plugin provides 'cloud'"]),
        ("broken", "", ["target broken: raised OSError: no drive"]),
        ("peer:A", "other", ["coercion other: no plugin provides 'other'"]),
        (
            "peer:B",
            "other",
            [
                "target peer:B: there is no peer:B",
                "coercion other: no plugin provides 'other'",
            ],
        ),
    ],
)
async def test_what_nobody_has_is_missing(target: str, coercion: str, missing: list[str]) -> None:
    checks = RouteChecks(hooks_of(Tape()), {"peer:": peer})
    route = Route(target, "rule x", coercion=coercion)
    assert await checks.missing([route, route]) == [f"rule x: {each}" for each in missing]


async def test_who_does_not_answer_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Tape):
        @hookimpl
        async def pacsd_route_target(self, name: str) -> RouteTarget | None:
            if name == "slow":
                await anyio.sleep_forever()
            return None

    monkeypatch.setattr(route_checks, "LONGEST_S", 0.01)
    routes = [Route("slow", "rule x"), Route("cloud", "rule y")]
    assert await RouteChecks(hooks_of(Slow()), {}).missing(routes) == [
        "rule x: target slow: no answer within 10 s",
        "rule y: target cloud: no plugin provides 'cloud'",
    ]
