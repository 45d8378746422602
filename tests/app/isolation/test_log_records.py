from pathlib import Path

import pytest

from pacsd.app.isolation.errors import Misfit
from pacsd.app.isolation.line_rate import LineRate
from pacsd.app.isolation.log_records import MAX_FIELDS, MAX_TEXT_LENGTH, LogListener, TellingLogger
from pacsd.app.isolation.messages import Tell, decode_message, encode_message
from tests.app.isolation.recording_logger import Line, RecordingLogger


@pytest.fixture
async def logger() -> RecordingLogger:
    return RecordingLogger()


def telling(logger: RecordingLogger, here: int = 100, there: int = 100) -> TellingLogger:
    """A plugin's logger whose lines cross as messages do."""
    listener = LogListener(logger, LineRate(lambda: 0.0, there))

    def tell(method: str, arguments: object) -> None:
        message = decode_message(encode_message(Tell(method, arguments)))
        assert isinstance(message, Tell)
        listener(message.arguments)

    return TellingLogger(tell, LineRate(lambda: 0.0, here))


async def test_lines_arrive_with_level_and_fields(logger: RecordingLogger) -> None:
    plugin = telling(logger)
    plugin.debug("a", count=1, share=0.5, is_it=True, nothing=None)
    plugin.info("b", path=Path("/x"), name="\ud800", large=2**80, odd=float("nan"))
    plugin.warning("c")
    plugin.error("d", event="e", level="f", exc_info=True)
    assert logger.lines == [
        Line("debug", "a", {"count": 1, "share": 0.5, "is_it": True, "nothing": None}),
        Line("info", "b", {"path": "/x", "name": "\\ud800", "large": str(2**80), "odd": "nan"}),
        Line("warning", "c", {}),
        Line("error", "d", {"event_": "e", "level_": "f", "exc_info_": True}),
    ]


async def test_an_exception_comes_as_text(logger: RecordingLogger) -> None:
    plugin = telling(logger)
    try:
        int("x")
    except ValueError:
        plugin.exception("failed", number=1)
    plugin.exception("failed without one")
    [first, second] = logger.lines
    assert first.level == "error"
    assert str(first.fields["exception"]).endswith("base 10: 'x'\n")
    assert second.fields == {"exception": ""}


async def test_lines_are_bounded(logger: RecordingLogger) -> None:
    telling(logger).info("x" * 10_000, **{f"field_{number}": "y" * 10_000 for number in range(50)})
    [line] = logger.lines
    assert len(line.event) == MAX_TEXT_LENGTH
    assert len(line.fields) == MAX_FIELDS
    assert {len(str(value)) for value in line.fields.values()} == {MAX_TEXT_LENGTH}


@pytest.mark.parametrize(("here", "there"), [(2, 100), (100, 2)])
async def test_too_many_lines_are_counted(logger: RecordingLogger, here: int, there: int) -> None:
    rate = LineRate(lambda: 0.0, there)
    listener = LogListener(logger, rate)
    plugin = TellingLogger(lambda _, arguments: listener(arguments), LineRate(lambda: 0.0, here))
    for _ in range(5):
        plugin.info("a")
    assert len(logger.lines) == 2
    plugin_lost = plugin._rate.take_lost()
    assert plugin_lost + rate.take_lost() == 3


async def test_what_was_lost_is_told_with_the_next_line(logger: RecordingLogger) -> None:
    listener = LogListener(logger, LineRate(lambda: 0.0))
    listener({"level": "info", "event": "a", "fields": {}, "lost": 7})
    assert logger.lines == [
        Line("warning", "lines of a plugin were lost", {"lines": 7}),
        Line("info", "a", {}),
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        None,
        {"level": "info", "event": "a", "fields": {"x": [1]}, "lost": 0},
        {"level": "exception", "event": "a", "fields": {}, "lost": 0},
        {"level": "_keep", "event": "a", "fields": {}, "lost": 0},
    ],
)
async def test_p06_what_is_no_line_is_refused(logger: RecordingLogger, arguments: object) -> None:
    with pytest.raises(Misfit):
        LogListener(logger, LineRate(lambda: 0.0))(arguments)
    assert logger.lines == []
