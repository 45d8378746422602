import signal
from contextlib import closing
from http.client import HTTPConnection

import pytest
from anyio import to_thread

from pacsd.app.admin.unix_socket import AdminError
from pacsd.testing.daemon import SAYS_WITHIN_S, Running, configured, daemon, running

TRACEBACK = "Traceback (most recent call last)"


def ready(found: Running) -> int:
    address = found.http_url.removeprefix("http://")
    with closing(HTTPConnection(address, timeout=SAYS_WITHIN_S)) as connection:
        connection.request("GET", "/ready")
        return connection.getresponse().status


async def test_it_serves_with_its_configuration_and_ends_well() -> None:
    async with daemon('[[ae]]\ntitle = "ELSEWHERE"\n') as found:
        [line] = found.said("serving")
        assert line["ae_titles"] == ["ELSEWHERE"]
        assert found.dicom_url == f"127.0.0.1:{found.port}"
        assert await to_thread.run_sync(ready, found) == 200
        status = found.ask("status")
        assert isinstance(status, dict)
        assert status["process"] == found.process.pid
        with pytest.raises(AdminError, match="not known"):
            found.ask("no.such.command")
    assert found.process.poll() == 0
    assert found.said("stopped") != []
    assert not found.data_dir.exists()


async def test_a_failed_test_is_told_as_it_failed() -> None:
    with pytest.raises(ZeroDivisionError):
        async with daemon() as found:
            raise ZeroDivisionError
    assert found.process.poll() == -signal.SIGKILL


def test_a_daemon_that_does_not_start_is_told_with_its_lines() -> None:
    with pytest.raises(AssertionError, match="not installed"), configured("[plugins.acme]\n"):
        raise RuntimeError("it started")


def told(*lines: dict[str, object]) -> list[object]:
    with running(wait=False) as found:
        found.lines += lines
        return [*found.tracebacks()]


def test_lines_with_a_traceback_are_found() -> None:
    one: dict[str, object] = {"event": "x", "exception": "..."}
    other: dict[str, object] = {"event": "", "text": f"{TRACEBACK}:"}
    assert told({"event": "quiet"}, one, other) == [one, other]


def test_a_traceback_fails_whoever_started_it(monkeypatch: pytest.MonkeyPatch) -> None:
    line = {"event": "hook failed", "exception": TRACEBACK}
    monkeypatch.setattr(Running, "tracebacks", lambda _: [line])
    with configured(may_tell_exceptions=True):
        pass
    with pytest.raises(AssertionError, match="hook failed"), configured():
        pass
