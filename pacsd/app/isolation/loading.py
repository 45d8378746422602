"""A plugin imported, its table decoded, constructed, its hooks found: wherever it is to live."""

import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pluggy
from pydantic import ValidationError

from pacsd.api.errors import HookError, PluginError
from pacsd.api.hook_facts import PROJECT
from pacsd.api.hooks import HOOKS, SPECIFICATIONS
from pacsd.api.plugin import API_VERSION, DAEMON_KEYS, Host, Plugin
from pacsd.api.settings import Settings
from pacsd.app.conf.decode import decode_strictly, find_problems
from pacsd.app.conf.setting_keys import nearest
from pacsd.app.isolation.errors import SettingsRefused, describe
from pacsd.app.isolation.home import Enabled, HookTraits

CONTAINED = (Exception, SystemExit)
"""What a plugin may raise without harm to the daemon; cancellation and Ctrl-C pass."""


@dataclass(frozen=True, slots=True)
class Implementation:
    """One implementation of a hook, bound and ready to be called."""

    function: Callable[..., object]
    is_async: bool
    traits: HookTraits


@dataclass(frozen=True, slots=True)
class Loaded:
    """A plugin, and its implementations by the names of their hooks."""

    plugin: Plugin[Settings]
    implementations: Mapping[str, Implementation]


def load(enabled: Enabled, host: Host) -> Loaded:
    """Import, decode, construct. Blocks as long as the plugin's module does.

    Raises:
        SettingsRefused: its table does not fit its settings.
        PluginError: it cannot be imported or constructed, or its hooks do not fit.
    """
    plugin_class = _imported(enabled)
    _check_class(enabled.name, plugin_class)
    model = plugin_class.settings_class
    try:
        settings = decode_strictly(model, enabled.table)
    except ValidationError as error:
        raise SettingsRefused(enabled.name, find_problems(model, error)) from error
    try:
        plugin = plugin_class(host, settings)
    except CONTAINED as error:
        raise PluginError(enabled.name, f"cannot be constructed: {describe(error)}") from error
    return Loaded(plugin, implementations_of(enabled.name, plugin))


def _imported(enabled: Enabled) -> type[Plugin[Settings]]:
    try:
        found: object = pkgutil.resolve_name(enabled.entry_point)
    except CONTAINED as error:
        raise PluginError(enabled.name, f"cannot be imported: {describe(error)}") from error
    if not (isinstance(found, type) and issubclass(found, Plugin)):
        raise PluginError(enabled.name, f"{enabled.entry_point} is no pacsd.api.plugin.Plugin")
    return found


def _check_class(name: str, plugin_class: type[Plugin[Settings]]) -> None:
    """See that it is made for this version, and that its settings hide no key of the daemon's.

    Raises:
        PluginError: it is not, or they do.
    """
    versions = plugin_class.api_versions
    if API_VERSION not in versions:
        known = f"{versions.start} to {versions.stop - 1}" if versions else "none"
        explanation = f"is made for version {known} of pacsd.api, which is {API_VERSION} here"
        raise PluginError(name, explanation)
    hidden = sorted(DAEMON_KEYS & {*plugin_class.settings_class.model_fields})
    if hidden:
        raise PluginError(name, f"its settings have keys of the daemon: {', '.join(hidden)}")


def implementations_of(name: str, plugin: Plugin[Settings]) -> dict[str, Implementation]:
    """Find what a plugin implements, by hook.

    Raises:
        PluginError: a hook is misspelt, has unknown parameters, or is a wrapper.
    """
    manager = pluggy.PluginManager(PROJECT)
    for module in SPECIFICATIONS:
        manager.add_hookspecs(module)
    try:
        manager.register(plugin, name)
    except pluggy.PluginValidationError as error:
        raise PluginError(name, str(error)) from error
    callers = manager.get_hookcallers(plugin) or []
    for caller in callers:
        # To pluggy, what is marked and has no specification is a hook of somebody else; what is
        # marked `optionalhook` may be one of a later version.
        is_wanted = any(not each.optionalhook for each in caller.get_hookimpls())
        if is_wanted and not caller.has_spec():
            raise PluginError(name, _unknown(caller.name))
    return {
        caller.name: _implementation(caller.name, found)
        for caller in callers
        if caller.has_spec()
        for found in caller.get_hookimpls()
    }


def _unknown(hook: str) -> str:
    meant = nearest(hook, list(HOOKS))
    hint = f"did you mean {meant}?" if meant else "`pacsd hooks` lists them"
    return f"unknown hook {hook!a}; {hint}"


def _implementation(hook: str, found: pluggy.HookImpl) -> Implementation:
    if found.wrapper or found.hookwrapper:
        raise HookError(found.plugin_name, hook, "wrappers are not supported")
    return Implementation(
        found.function,
        inspect.iscoroutinefunction(found.function),
        HookTraits(tuple(found.argnames), found.tryfirst, found.trylast),
    )
