"""What keeps plugins from working: everything, of each of them, without starting any."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from importlib.metadata import EntryPoint

import structlog

from pacsd.api.errors import PluginError
from pacsd.app.conf.decode import Problem
from pacsd.app.conf.errors import ConfigError, ConfigErrors
from pacsd.app.conf.settings import Config
from pacsd.app.plugins.life import Locate
from pacsd.app.plugins.loading import load, without_place
from pacsd.dicom.text import visible


def enabled(config: Config) -> list[str]:
    """The plugins that a configuration names, its stores first."""
    return list(dict.fromkeys([*config.store.names, *config.plugins]))


def plugin_faults(
    config: Config,
    names: Collection[str] | None = None,
    *,
    locate: Locate = without_place,
    installed: Mapping[str, EntryPoint] | None = None,
) -> Iterator[str]:
    """Each fault of these plugins in a line; of those enabled, if none are named. Blocks.

    One that the configuration does not have is looked at as if its table were empty. `installed` is
    as in `loading.load`.
    """
    for name in enabled(config) if names is None else names:
        for fault in _faults(_alone(name, config), _locate_in(config, name, locate), installed):
            # What a plugin says is its own: it moves no cursor.
            yield visible(fault)


def _alone(name: str, config: Config) -> Config:
    """The configuration without other plugins: of what is wrong, none hides another's."""
    store = config.store.model_copy(update={"name": name, "others": ()})
    tables = {name: config.plugins[name]} if name in config.plugins else {}
    return config.model_copy(update={"store": store, "plugins": tables})


def _locate_in(config: Config, name: str, locate: Locate) -> Locate:
    """Where something is wrong, of a plugin that is looked at as if it were the only store."""
    others = config.store.others
    if name not in others:
        return locate

    def located(problem: Problem) -> ConfigError:
        if problem.path == ("store", "name"):
            problem = replace(problem, path=("store", "others", others.index(name)))
        return locate(problem)

    return located


def _faults(
    config: Config, locate: Locate, installed: Mapping[str, EntryPoint] | None
) -> list[str]:
    try:
        loaded = load(
            config, config.data_dir, structlog.get_logger, locate=locate, installed=installed
        )
        return [str(fault) for fault in loaded.check()]
    except ConfigErrors as errors:
        return [str(error) for error in errors.errors]
    except PluginError as error:
        return [str(error)]
