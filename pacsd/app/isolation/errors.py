"""What goes wrong between the daemon and a plugin that lives on its own.

Misfit            a value is not of its type
Uncrossable       a type that no frame can carry
ChannelClosed     the other end of a channel is gone, or broke its rules
AskFailed         the other end says that what it was asked failed
SettingsRefused   a plugin's table does not fit its settings; a PluginError
"""

from collections.abc import Sequence

from pacsd.api.errors import PluginError
from pacsd.api.keys import KeyMissing, KeyRefused
from pacsd.app.conf.decode import Problem

MAX_TEXT_LENGTH = 1_000
_SAYS_NO_SECRET = (KeyMissing, KeyRefused)
"""What may be told of what a secret hook raises: these hold words of pacsd."""


class Misfit(ValueError):
    """A value is not of its type: `found instead of wanted`, and where inside of it."""

    def __init__(self, found: str, wanted: str, path: tuple[str | int, ...] = ()) -> None:
        self.found = found
        self.wanted = wanted
        self.path = path
        place = ".".join(map(str, path))
        super().__init__(f"{found} instead of {wanted}" + (f" at {place}" if place else ""))

    def inside(self, part: str | int) -> "Misfit":
        """The same, seen from what holds the value as `part`."""
        return Misfit(self.found, self.wanted, (part, *self.path))


class Uncrossable(TypeError):
    """A type that no frame can carry."""


class ChannelClosed(Exception):
    """The other end is gone or broke the rules; the text says which."""


class AskFailed(Exception):
    """The other end could not do what it was asked; the text is its explanation.

    `traceback` is that of what was raised there, '' where it does not say.
    """

    def __init__(self, explanation: str, traceback: str = "") -> None:
        super().__init__(explanation)
        self.traceback = traceback


class SettingsRefused(PluginError):
    """A plugin's table does not fit its settings; paths begin at the table itself."""

    def __init__(self, plugin: str, problems: Sequence[Problem]) -> None:
        keys = ", ".join(".".join(map(str, problem.path)) for problem in problems)
        super().__init__(plugin, f"its settings are wrong: {keys}")
        self.problems = tuple(problems)


def describe(raised: BaseException) -> str:
    """What an exception says, bounded; it may come from a plugin and fail to say anything."""
    if isinstance(raised, PluginError):
        return str(raised.explanation)[:MAX_TEXT_LENGTH]
    return f"raised {type(raised).__name__}: {_text(raised)}"


def describe_secret(raised: BaseException | None) -> str:
    """What an implementation of a secret hook raised, without a text that may hold the secret."""
    if type(raised) in _SAYS_NO_SECRET:
        return f"raised {type(raised).__name__}: {_text(raised)}"
    return f"raised {type(raised).__name__}"


def _text(raised: BaseException | None) -> str:
    try:
        text = str(raised)[:MAX_TEXT_LENGTH]
    except Exception as error:  # noqa: BLE001 - the plugin's own __str__
        return f"(its text cannot be had: {type(error).__name__})"
    # A lone surrogate is no Unicode, and no frame carries it.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
