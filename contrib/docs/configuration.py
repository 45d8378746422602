"""The reference of every key, from the settings classes."""

from collections.abc import Iterable
from itertools import groupby

from pacsd_ai_process import AiProcess
from pacsd_coerce import CoercePlugin
from pacsd_route_rules import RouteRules
from pacsd_store_fs import StoreFs
from pacsd_store_s3 import StoreS3
from pacsd_target_folder import TargetFolder
from pacsd_target_s3 import TargetS3

from contrib.docs.sections import code, table
from pacsd.api.settings import Settings
from pacsd.app.conf.docs import toml_value
from pacsd.app.conf.peers_file import PeersFile
from pacsd.app.conf.setting_keys import SettingKey, setting_keys
from pacsd.app.conf.settings import Config

PLUGINS: dict[str, type[Settings]] = {
    "store_fs": StoreFs.settings_class,
    "store_s3": StoreS3.settings_class,
    "route_rules": RouteRules.settings_class,
    "coerce": CoercePlugin.settings_class,
    "target_folder": TargetFolder.settings_class,
    "target_s3": TargetS3.settings_class,
    "ai_process": AiProcess.settings_class,
}
"""The first-party plugins and the settings class of each."""

_HEAD = """\
# Every key

Written by `make docs` from the settings classes. [conf/pacsd.toml](../../conf/pacsd.toml) and
[conf/peers.toml](../../conf/peers.toml) are the same as files to copy; `pacsd conf describe` says
it on the command line, `pacsd conf show` which value holds and where it comes from.

Order: an option of the command line goes before an environment variable, that before the file, that
before the default. An unknown key is an error that names the nearest known one. Sizes are in bytes,
times in seconds.
"""


def render() -> str:
    """Write configuration.md."""
    keys = [key for key in setting_keys(Config) if key.path != ("plugins",)]
    texts = [_HEAD, "## pacsd.toml\n", *_tables(keys, has_environment=True)]
    for name, model in PLUGINS.items():
        texts += _tables(setting_keys(model, ("plugins", name)), has_environment=True)
    texts += ["## peers.toml\n", *_tables(setting_keys(PeersFile), has_environment=False)]
    return "\n".join(texts)


def _tables(keys: Iterable[SettingKey], *, has_environment: bool) -> Iterable[str]:
    for path, inside in groupby(keys, lambda key: (key.path[:-1], key.is_in_list)):
        names, repeats = path
        brackets = ("[[", "]]") if repeats else ("[", "]")
        title = ".".join(names).join(brackets) if names else "outside any table"
        yield _section(title, inside, has_environment=has_environment)


def _section(title: str, keys: Iterable[SettingKey], *, has_environment: bool) -> str:
    rows = []
    for key in keys:
        variable = key.environment_name if has_environment and not key.is_in_list else ""
        default = "required" if key.field.is_required() else code(toml_value(key.default))
        row = (code(key.path[-1]), default or "unset", key.bounds, key.documentation)
        rows.append((*row, code(variable)) if has_environment else row)
    head = ("Key", "Default", "Limits", "Meaning")
    return f"### {title}\n\n{table((*head, 'Environment') if has_environment else head, rows)}\n"
