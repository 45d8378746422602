"""What goes wrong between the core and its plugins.

StoreError      a BlobStore could not do what it was asked
PluginError     a plugin broke the contract; names the plugin
  HookError     ... in an implementation of a hook; names the hook
    NotProvided ... no plugin provides what was asked for by its name
    Circular    ... what was asked for by its name would be made of itself
"""

from enum import StrEnum


class StoreFault(StrEnum):
    """Why a store refused, in words short enough for an Error Comment (0000,0902)."""

    NO_SPACE = "no space left"
    READ_ONLY = "read-only"
    INPUT_OUTPUT = "input/output error"
    NOT_FOUND = "not found"
    OUT_OF_RANGE = "range outside the object"
    STOPPED = "stopping"
    NOT_ADMITTED = "storing is suspended"
    NOT_CONFIGURED = "its store is not configured"


class StoreError(Exception):
    """A BlobStore could not do what it was asked; nothing half done stays visible.

    `explanation` is for the log of the one who runs the store: what was tried and how it failed,
    without values from a peer.
    """

    def __init__(self, fault: StoreFault, explanation: str) -> None:
        super().__init__(f"{fault}: {explanation}")
        self.fault = fault
        self.explanation = explanation


class PluginError(Exception):
    """A plugin broke the contract."""

    def __init__(self, plugin: str, explanation: str) -> None:
        super().__init__(f"plugin {plugin}: {explanation}")
        self.plugin = plugin
        self.explanation = explanation


class HookError(PluginError):
    """An implementation of a hook raised, was late, returned junk or cannot be called.

    `traceback` is that of what it raised, its own frames; '' where that is not known.
    """

    is_late = False
    traceback = ""

    def __init__(self, plugin: str, hook: str, explanation: str) -> None:
        super().__init__(plugin, f"{hook}: {explanation}")
        self.hook = hook
        self.explanation = explanation


class NotProvided(HookError):
    """No plugin answers for a name."""


class Circular(HookError):
    """Those asked for by name need each other, in a circle or without end."""
