from pacsd.api.config_change import ConfigChange
from pacsd.api.errors import HookError
from pacsd.api.health import Health
from pacsd.api.hooks import hookimpl
from tests.api.hookspecs.hooks_of import hooks_of

CHANGE = ConfigChange(("plugins.other.depth",), ("data_dir",))


async def test_hook_pacsd_config_changed() -> None:
    told: list[ConfigChange] = []
    errors: list[HookError] = []

    class Rules:
        @hookimpl
        async def pacsd_config_changed(self, change: ConfigChange) -> None:
            told.append(change)
            raise OSError("no such file")

    await hooks_of(Rules(), Rules(), errors=errors).config_changed.tell({"acme2"}, change=CHANGE)
    assert told == [CHANGE]
    assert [error.plugin for error in errors] == ["acme2"]


async def test_hook_pacsd_health() -> None:
    class Well:
        @hookimpl
        async def pacsd_health(self) -> Health | None:
            return None

    class Ill:
        @hookimpl
        def pacsd_health(self) -> Health:
            return Health(is_well=False, explanation="no disk")

    class Junk:
        @hookimpl
        async def pacsd_health(self) -> bool:
            return True

    found = dict(await hooks_of(Well(), Ill(), Junk()).health.each())
    assert found["acme"] is None
    assert found["acme2"] == Health(is_well=False, explanation="no disk")
    assert str(found["acme3"]).endswith("returned bool instead of Health or None")
