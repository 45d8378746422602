"""The worked example of the plugin guide, through the same door as every plugin."""

import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import structlog

from contrib.docs.generate import EXAMPLE, ROOT
from pacsd.api.acceptance import AssociationRequest
from pacsd.api.plugin import ENTRY_POINT_GROUP
from pacsd.app.conf.errors import ConfigErrors
from pacsd.app.conf.settings import Config
from pacsd.app.plugins.available import available
from pacsd.app.plugins.beside import tasks_beside
from pacsd.app.plugins.life import Plugins
from pacsd.app.plugins.loading import load

MODULE = ".".join((*EXAMPLE.parts, "pacsd_ae_prefix"))


def load_example(data_dir: Path, table: dict[str, object]) -> Plugins:
    installed = {
        **available(),
        "ae_prefix": EntryPoint("ae_prefix", f"{MODULE}:AEPrefix", ENTRY_POINT_GROUP),
    }
    config = Config(plugins={"ae_prefix": {"trusted": True, **table}})
    return load(config, data_dir, structlog.get_logger, installed=installed)


def request(calling_ae: str) -> AssociationRequest:
    return AssociationRequest(
        calling_ae=calling_ae,
        called_ae="PACSD",
        peer_host="10.1.2.3",
        peer_port=50_000,
        user_identity_type=None,
        abstract_syntaxes=(),
        implementation_class_uid="1.2.3",
        implementation_version_name="",
    )


async def test_lets_its_own_in_and_refuses_others(tmp_path: Path) -> None:
    loaded = load_example(tmp_path, {"prefixes": ["RAD_", "CARD_"]})
    assert loaded.check() == []
    async with tasks_beside() as tasks:
        await loaded.start(tasks)
        ask = loaded.hooks.association_requested
        assert await ask(request=request("RAD_CT1")) is None
        refusal = await ask(request=request("CT1\n"))
        await loaded.stop()
    assert refusal is not None
    assert (refusal.result, refusal.source, refusal.reason) == (1, 1, 3)
    assert refusal.explanation == "'CT1\\n' begins with none of our prefixes"


def test_its_table_is_checked(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match="prefixes"):
        load_example(tmp_path, {}).check()
    [fault] = load_example(tmp_path, {"prefixes": [""]}).check()
    assert "an empty one lets everybody in" in str(fault)


def test_its_entry_point_names_it() -> None:
    project = tomllib.loads((ROOT / EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))
    entry_points = project["project"]["entry-points"][ENTRY_POINT_GROUP]
    assert entry_points == {"ae_prefix": "pacsd_ae_prefix:AEPrefix"}


def test_it_is_short() -> None:
    lines = (ROOT / EXAMPLE / "pacsd_ae_prefix.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 60
