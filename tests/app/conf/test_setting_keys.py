from pydantic import Field

from pacsd.api.settings import Settings
from pacsd.app.conf.setting_keys import (
    SettingKey,
    format_path,
    inner_model,
    model_at,
    nearest,
    setting_keys,
)
from pacsd.app.conf.settings import Config
from pacsd.net.settings import AESettings, DimseSettings


def key(dotted: str) -> SettingKey:
    return next(each for each in setting_keys(Config) if each.dotted == dotted)


def test_keys_of_inner_tables_are_walked() -> None:
    dotted = [each.dotted for each in setting_keys(Config)]
    assert {"data_dir", "dimse.listen", "ae.title", "plugins"} <= set(dotted)
    assert "dimse" not in dotted
    assert len(set(dotted)) == len(dotted)


def test_environment_names() -> None:
    assert key("dimse.max_associations").environment_name == "PACSD_DIMSE__MAX_ASSOCIATIONS"
    assert key("data_dir").environment_name == "PACSD_DATA_DIR"
    assert key("ae.title").environment_name == "PACSD_AE"


class OneSided(Settings):
    least: int = Field(default=1, ge=1)
    most: int = Field(default=1, le=5)


def test_a_limit_on_one_side() -> None:
    least, most = (
        SettingKey((name,), field, is_in_list=False)
        for name, field in OneSided.model_fields.items()
    )
    assert (least.bounds, most.bounds) == ("at least 1", "at most 5")


def test_facts_of_a_key() -> None:
    assert key("dimse.max_associations").bounds == "1 to 100000"
    assert key("ae.unknown_peers").bounds == 'one of "loopback", "refuse", "accept"'
    assert key("log.trace").bounds == 'one of "transcript", "values", "payload"'
    assert key("ae.description").bounds == "at most 1000 long"
    assert key("dimse.strict").bounds == ""
    assert key("dimse.max_associations").default == 1_000
    assert key("plugins").default == {}
    assert key("dimse.backlog").documentation.startswith("Connections the operating system")


def test_every_key_is_documented() -> None:
    assert [each.dotted for each in setting_keys(Config) if not each.documentation] == []


def test_models_of_tables() -> None:
    assert inner_model(Config.model_fields["ae"]) is AESettings
    assert inner_model(Config.model_fields["data_dir"]) is None
    assert model_at(Config, ()) is Config
    assert model_at(Config, ("dimse",)) is DimseSettings
    assert model_at(Config, ("ae", 3)) is AESettings
    assert model_at(Config, ("plugins", "x")) is None
    assert model_at(Config, ("data_dir", "x")) is None


def test_paths_count_from_one_for_people() -> None:
    assert format_path(("ae", 0, "services", 1)) == "ae[1].services[2]"
    assert format_path(()) == ""


def test_nearest() -> None:
    assert nearest("max_asociations", ["max_associations", "backlog"]) == "max_associations"
    assert nearest("zzz", ["max_associations"]) is None
