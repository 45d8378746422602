from collections.abc import Callable, Mapping

import anyio
import pytest

from pacsd.api.health import Health
from pacsd.api.hooks import hookimpl
from pacsd.app.isolation import home
from pacsd.app.isolation.home import State
from pacsd.app.plugins.health import ASKED_EVERY_S, WELL, PluginHealth
from pacsd.testing.object_home import ObjectHome
from tests.api.hookspecs.hooks_of import hooks_of

ILL = Health(is_well=False, explanation="no disk")


class Patient:
    """Says how it does; raises it if it is an exception."""

    def __init__(self, said: object) -> None:
        self.said = said
        self.asked = 0
        self.changed = anyio.Event()

    @hookimpl
    async def pacsd_health(self) -> object:
        self.asked += 1
        self.changed.set()
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Restarting(ObjectHome):
    def health(self) -> home.Health:
        return home.Health(State.RESTARTING)


def health_of(
    *patients: Patient,
    clock: Callable[[], float] | None = None,
    kind: type[ObjectHome] = ObjectHome,
) -> PluginHealth:
    homes: Mapping[str, ObjectHome] = {
        f"acme{number or ''}": kind("acme", each) for number, each in enumerate(patients)
    }
    return PluginHealth(hooks_of(*patients).health, lambda: homes, clock or Clock())


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (None, WELL),
        (WELL, WELL),
        (ILL, ILL),
        (KeyError("x"), Health(is_well=False, explanation="raised KeyError: 'x'")),
        ("fine", Health(is_well=False, explanation="returned str instead of Health or None")),
    ],
)
async def test_what_a_plugin_says(said: object, expected: Health) -> None:
    assert await health_of(Patient(said)).now() == {"acme": expected}


async def test_one_that_does_not_run_is_ill_whatever_it_says() -> None:
    found = await health_of(Patient(WELL), kind=Restarting).now()
    assert found == {"acme": Health(is_well=False, explanation="is not running: restarting")}


async def test_it_is_asked_at_most_every_few_seconds() -> None:
    patient, clock = Patient(ILL), Clock()
    health = health_of(patient, clock=clock)
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(health.now)
    assert patient.asked == 1
    clock.now_s += ASKED_EVERY_S
    await health.now()
    assert patient.asked == 2
    health.forget()
    await health.now()
    assert patient.asked == 3


async def test_it_is_asked_at_once_and_after_each_look() -> None:
    patient, clock = Patient(None), Clock()
    health = health_of(patient, clock=clock)
    async with anyio.create_task_group() as tasks:
        assert health.look() == {}
        tasks.start_soon(health.run)
        await patient.changed.wait()
        await anyio.wait_all_tasks_blocked()
        patient.said, patient.changed = ILL, anyio.Event()
        clock.now_s += ASKED_EVERY_S
        assert health.look() == {"acme": WELL}
        await patient.changed.wait()
        await anyio.wait_all_tasks_blocked()
        assert health.look() == {"acme": ILL}
        tasks.cancel_scope.cancel()
