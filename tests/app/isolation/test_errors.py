from pacsd.api.errors import PluginError
from pacsd.api.keys import KeyRefused
from pacsd.app.conf.decode import Problem
from pacsd.app.isolation.errors import (
    MAX_TEXT_LENGTH,
    AskFailed,
    Misfit,
    SettingsRefused,
    describe,
    describe_secret,
)


class Speechless(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


def test_a_misfit_says_what_where() -> None:
    misfit = Misfit("str", "int").inside(3).inside("counts")
    assert str(misfit) == "str instead of int at counts.3"
    assert str(Misfit("str", "int")) == "str instead of int"


def test_settings_refused_name_the_keys() -> None:
    refused = SettingsRefused("acme", [Problem(("a", "b"), "1", "must be text")])
    assert str(refused) == "plugin acme: its settings are wrong: a.b"


def test_a_failure_may_say_where_it_was() -> None:
    assert AskFailed("raised KeyError").traceback == ""
    failed = AskFailed("raised KeyError", "Traceback")
    assert (str(failed), failed.traceback) == ("raised KeyError", "Traceback")


def test_an_exception_is_described_within_bounds() -> None:
    assert describe(KeyError("x")) == "raised KeyError: 'x'"
    assert describe(KeyError("\udcff x")) == r"raised KeyError: '\udcff x'"
    assert describe(OSError("\udcff x")) == r"raised OSError: \udcff x"
    assert len(describe(ValueError("x" * 10_000))) == len("raised ValueError: ") + MAX_TEXT_LENGTH


def test_what_a_secret_hook_raises_is_described_by_its_class() -> None:
    class KeyRefusedToo(KeyRefused):
        pass

    assert describe_secret(PluginError("acme", "sesame")) == "raised PluginError"
    assert describe_secret(KeyRefusedToo("sesame")) == "raised KeyRefusedToo"
    assert describe_secret(KeyRefused("too short")) == "raised KeyRefused: too short"


def test_an_exception_that_cannot_speak_is_described_too() -> None:
    assert describe(Speechless()) == "raised Speechless: (its text cannot be had: ValueError)"
