import pytest

from pacsd.app.isolation.line_rate import LineRate
from pacsd.app.isolation.output import MAX_LINE_BYTES, Output
from tests.app.isolation.recording_logger import RecordingLogger


@pytest.fixture
async def logger() -> RecordingLogger:
    return RecordingLogger()


def printed(logger: RecordingLogger, *pieces: bytes, lines_per_s: int = 100) -> list[object]:
    output = Output(logger, LineRate(lambda: 0.0, lines_per_s))
    for piece in pieces:
        output.data_received(piece)
    output.connection_lost(None)
    assert output.ended.is_set()
    return [line.fields["line"] for line in logger.of("plugin printed")]


async def test_lines_are_logged_however_they_are_cut(logger: RecordingLogger) -> None:
    assert printed(logger, b"one\ntw", b"o", b"\r\n\nrest") == ["one", "two", "", "rest"]


async def test_a_line_without_end_is_cut(logger: RecordingLogger) -> None:
    [first, second] = printed(logger, *[b"x" * 1000] * 20, b"\n", b"\xff" + b"y" * 10_000 + b"\n")
    assert first == "x" * MAX_LINE_BYTES
    assert str(second).startswith("\\xffyyy")
    assert len(str(second)) == MAX_LINE_BYTES + 3


async def test_what_is_too_much_is_counted(logger: RecordingLogger) -> None:
    assert printed(logger, b"a\nb\nc\nd", lines_per_s=2) == ["a", "b"]
    [lost] = logger.of("lines of a plugin were lost")
    assert lost.fields == {"lines": 2}
