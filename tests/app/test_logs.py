import io
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

import pytest
import structlog

from pacsd.app import logs
from pacsd.app.conf.settings import LogSettings

HOSTILE = "a\r\nb\x1b[31m\u202e\u2028\x85\x7f\U000e0041"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class BrokenPipe(io.StringIO):
    is_broken = True

    def write(self, text: str, /) -> int:
        if self.is_broken:
            raise BrokenPipeError
        return super().write(text)


@dataclass(frozen=True)
class Unshowable:
    text: str = "x"

    def __str__(self) -> str:
        raise AssertionError("a filtered value is looked at")


@pytest.fixture(autouse=True)
def _global_loggers() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def configured(**settings: object) -> io.StringIO:
    stream = io.StringIO()
    logs.configure(LogSettings.model_validate(settings), stream)
    return stream


def events(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def without_time(stream: io.StringIO) -> list[str]:
    return [line.partition(" ")[2] for line in stream.getvalue().split("\n")[:-1]]


def test_json() -> None:
    stream = configured(format="json")
    structlog.get_logger("pacsd.net").info("association", assoc=7, seconds=0.25, ok=True)
    (event,) = events(stream)
    time = event.pop("timestamp")
    assert isinstance(time, str)
    assert len(time) == len("2026-01-01T00:00:00.000Z")
    assert time.endswith("Z")
    assert event == {
        "level": "info",
        "logger": "pacsd.net",
        "event": "association",
        "assoc": 7,
        "seconds": 0.25,
        "ok": True,
    }


def test_console() -> None:
    stream = configured(format="console")
    structlog.get_logger("pacsd.net").warning("no peer", why="two words", assoc=7, empty="")
    assert without_time(stream) == ['warning pacsd.net: no peer why="two words" assoc=7 empty=""']


def test_the_console_joins_what_are_several_with_commas() -> None:
    stream = configured(format="console")
    structlog.get_logger("pacsd").info("x", one=["A"], two=("A", 7), spaced=["A B", "C"], none=[])
    assert without_time(stream) == ['info    pacsd: x one=A two=A,7 spaced="A B,C" none=""']


def test_auto_is_for_people_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert configured(format="auto").getvalue() == ""
    piped, terminal = io.StringIO(), Terminal()
    for stream in (piped, terminal):
        logs.configure(LogSettings(), stream)
        structlog.get_logger("pacsd").error("x")
    assert events(piped)[0]["event"] == "x"
    assert "\x1b[31merror  \x1b[0m pacsd: \x1b[1mx\x1b[0m\n" in terminal.getvalue()


def test_no_colours_where_nobody_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal()
    logs.configure(LogSettings(), terminal)
    structlog.get_logger("pacsd").info("x")
    assert "\x1b" not in terminal.getvalue()


@pytest.mark.parametrize("form", ["json", "console"])
def test_one_event_is_one_printable_line(form: str) -> None:
    stream = configured(format=form)
    logger = structlog.get_logger("pacsd")
    logger.info(HOSTILE, why=HOSTILE, several=(HOSTILE, HOSTILE.encode()), lone="\udcff")
    line = stream.getvalue()
    assert line.endswith("\n")
    assert line[:-1].isprintable()


def test_json_keeps_what_it_escapes() -> None:
    stream = configured(format="json")
    structlog.get_logger("pacsd").info("x", why=HOSTILE, lone="\udcff", number=2**70)
    structlog.get_logger("pacsd").info("x", why=HOSTILE, address=LogSettings)
    first, second = events(stream)
    assert (first["why"], first["lone"], first["number"]) == (HOSTILE, "\udcff", 2**70)
    assert (second["why"], second["address"]) == (HOSTILE, str(LogSettings))


def test_a_value_cannot_pass_for_another() -> None:
    stream = configured(format="console")
    structlog.get_logger("pacsd").info("x", calling='A" outcome=released')
    assert without_time(stream) == [r'info    pacsd: x calling="A\x22 outcome=released"']


def test_no_value_takes_the_place_of_time_level_or_logger() -> None:
    stream = configured(format="json")
    structlog.get_logger("pacsd").info("x", timestamp="then", level="debug", logger="other")
    (event,) = events(stream)
    assert event["timestamp"] != "then"
    assert (event["level"], event["logger"]) == ("info", "pacsd")


def test_secrets_do_not_get_in() -> None:
    stream = configured(format="json")
    secrets = {"password": "hunter2", "token": "abc"}
    structlog.get_logger("pacsd").info("x", tokens=3, **secrets)
    (event,) = events(stream)
    assert (event["password"], event["token"], event["tokens"]) == ("***", "***", 3)


def test_exceptions() -> None:
    for form in ("json", "console"):
        stream = configured(format=form)
        structlog.get_logger("pacsd").error("defect", assoc=7, exc_info=ValueError("a\n\x1bb"))
        if form == "json":
            assert events(stream)[0]["exception"] == "ValueError: a\n\x1bb"
        else:
            assert without_time(stream)[0] == "error   pacsd: defect assoc=7"
            assert stream.getvalue().splitlines()[1:] == ["    ValueError: a", r"    \x1bb"]


def test_level() -> None:
    stream = configured(format="json", level="warning")
    logger = structlog.get_logger("pacsd")
    logger.info("no", value=Unshowable())
    logger.warning("yes")
    assert [event["event"] for event in events(stream)] == ["yes"]


def test_trace_lines_are_written_whatever_the_level() -> None:
    stream = configured(format="json", level="error", trace="transcript")
    for name in ("pacsd.net", "pacsd.trace"):
        structlog.get_logger(name).info(">> C-ECHO-RQ")
        structlog.get_logger(name).error("fault")
    found = [(event["logger"], event["level"]) for event in events(stream)]
    assert found == [("pacsd.net", "error"), ("pacsd.trace", "info"), ("pacsd.trace", "error")]


def test_lines_of_libraries_go_the_same_way() -> None:
    stream = configured(format="json")
    library = logging.getLogger("aiohttp.server")
    library.info("hello %s", HOSTILE)
    library.debug("no")
    library.error("fault", exc_info=RuntimeError("broken"))
    hello, fault = events(stream)
    assert (hello["logger"], hello["level"]) == ("aiohttp.server", "info")
    assert hello["event"] == f"hello {HOSTILE}"
    assert str(fault["exception"]).endswith("RuntimeError: broken")


def test_a_library_that_formats_wrongly_is_still_heard() -> None:
    stream = configured(format="json")
    logging.getLogger("asyncio").warning("%d bytes", "many")
    assert events(stream)[0]["event"] == "%d bytes"


def test_lost_lines_are_counted_and_told() -> None:
    stream = BrokenPipe()
    logs.configure(LogSettings(format="json"), stream)
    logger = structlog.get_logger("pacsd")
    logger.info("one")
    logger.info("two")
    stream.is_broken = False
    logger.info("three")
    logger.info("four")
    three, told, four = events(stream)
    assert [three["event"], four["event"]] == ["three", "four"]
    assert (told["event"], told["level"], told["lines"]) == ("log lines were lost", "warning", 2)


def test_a_closed_stream_is_no_fault_of_the_daemon() -> None:
    stream = configured(format="json")
    stream.close()
    structlog.get_logger("pacsd").info("x")
    logging.getLogger("asyncio").warning("x")


def test_standard_error_is_where_lines_go(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(LogSettings(format="json"))
    structlog.get_logger("pacsd").info("x")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert json.loads(captured.err)["event"] == "x"


class Pipe:
    """A log whose reader can sleep; `stream` is the daemon's end."""

    def __init__(self, stream: TextIO, reading: int) -> None:
        self.stream = stream
        self._reading = reading

    def read(self) -> list[dict[str, object]]:
        """What comes until the daemon's end is closed."""
        with os.fdopen(self._reading, encoding="utf-8", closefd=False) as reader:
            return [json.loads(line) for line in reader]


@contextmanager
def pipe() -> Iterator[Pipe]:
    reading, writing = os.pipe()
    try:
        with os.fdopen(writing, "w", encoding="utf-8") as stream:
            logs.configure(LogSettings(format="json"), stream)
            yield Pipe(stream, reading)
    finally:
        os.close(reading)


def read_all(log: Pipe) -> list[dict[str, object]]:
    """Wake the reader up, let everything be written, and end the log."""
    found: list[dict[str, object]] = []
    reader = threading.Thread(target=lambda: found.extend(log.read()))
    reader.start()
    logs.flush()
    log.stream.close()
    reader.join(10)
    return found


def test_a_reader_that_sleeps_holds_nobody_up() -> None:
    with pipe() as log:
        logger = structlog.get_logger("pacsd")
        written = logs.MAX_UNWRITTEN_LINES + 5_000
        for number in range(written):
            logger.info("x", number=number)
        logs.flush()  # comes back although nobody reads
        found = read_all(log)
    numbers = [event["number"] for event in found if event["event"] == "x"]
    kept = {*numbers}
    assert numbers[: logs.MAX_UNWRITTEN_LINES] == [*range(logs.MAX_UNWRITTEN_LINES)]
    assert numbers == [number for number in range(written) if number in kept]
    lost = [event["lines"] for event in found if event["event"] == "log lines were lost"]
    assert lost == [written - len(numbers)]


def test_what_waits_for_the_reader_is_bounded_in_bytes() -> None:
    with pipe() as log:
        for _ in range(20):
            structlog.get_logger("pacsd").info("x" * 2**20)
        found = read_all(log)
    kept = [event for event in found if event["event"] != "log lines were lost"]
    assert len(kept) == logs.MAX_UNWRITTEN_BYTES // 2**20 - 1
    assert [event["lines"] for event in found if event not in kept] == [20 - len(kept)]


def test_a_pipe_that_does_not_block_gets_whole_lines() -> None:
    with pipe() as log:
        os.set_blocking(log.stream.fileno(), False)
        structlog.get_logger("pacsd").info("x" * 2**20)
        (event,) = read_all(log)
    assert event["event"] == "x" * 2**20


def test_without_a_thread_lines_are_written_where_they_arise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pipe() as log:
        structlog.get_logger("pacsd").info("x")
        log.stream.close()
        assert [event["event"] for event in log.read()] == ["x"]


AT_THE_END = """
import structlog
from pacsd.app import logs
from pacsd.app.conf.settings import LogSettings
logs.configure(LogSettings(format="json"))
for number in range({lines}):
    structlog.get_logger("pacsd").info("x", number=number)
{last}
"""


def ended(lines: int, last: str = "") -> "subprocess.Popen[bytes]":
    program = AT_THE_END.format(lines=lines, last=last)
    return subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE)


def test_the_last_lines_are_written_when_the_process_ends() -> None:
    _, written = ended(1_000).communicate(timeout=60)
    assert [json.loads(line)["number"] for line in written.splitlines()] == [*range(1_000)]


def test_the_lines_before_a_crash_come_before_it() -> None:
    _, written = ended(1, "logs.flush(); raise SystemExit('crashed')").communicate(timeout=60)
    assert written.splitlines()[-1] == b"crashed"
    assert len(written.splitlines()) == 2


def test_a_reader_that_sleeps_does_not_keep_the_process() -> None:
    started = time.monotonic()
    with ended(5_000) as process:
        assert process.wait(15) == 0
    assert time.monotonic() - started > logs.FLUSH_TIMEOUT_S
