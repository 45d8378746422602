from contrib.docs.configuration import PLUGINS, render
from contrib.docs.generate import ROOT
from pacsd.app.conf.setting_keys import setting_keys
from pacsd.app.conf.settings import Config
from tests.house.floors import PLUGINS_SHARE


def test_every_key_is_there() -> None:
    text = render()
    for key in setting_keys(Config):
        if key.path != ("plugins",):
            assert f"| `{key.path[-1]}` |" in text


def test_every_first_party_plugin_is_there() -> None:
    folders = {path.name for path in (ROOT / "plugins").iterdir() if path.is_dir()}
    assert folders - set(PLUGINS_SHARE) == set(PLUGINS)
    assert '| `durability` | `"full"` |' in render()
    assert "`PACSD_PLUGINS__STORE_FS__DURABILITY`" in render()
