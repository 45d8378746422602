"""The worked example of pacsd as a library, against a running daemon."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from contrib.examples.library.studies_of_a_day import bring, call_of, send_on, studies_of
from pacsd.app.cli.main import build
from pacsd.app.retrieving import Call
from pacsd.testing.daemon import running
from pacsd.testing.objects import data_set
from tests.app.test_importing import write


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Call]:
    """To a daemon that has two studies, of two objects each."""
    for number in range(1, 5):
        study, date = (f"1.2.{number % 2}", f"2026010{1 + number % 2}")
        values = {"SOPInstanceUID": f"1.2.3.{number}", "StudyInstanceUID": study, "StudyDate": date}
        write(tmp_path / "files" / str(number), number, data=data_set(values))
    monkeypatch.setattr("pacsd.app.logs.configure", lambda _: None)
    data_dir = tmp_path / "data"
    runner = CliRunner(env={"PACSD_CONFIG": None, "PACSD_STORE__UNSAFE_TMPFS": "true"})
    with capture_logs():
        command = ["import", str(tmp_path / "files"), "--data-dir", str(data_dir)]
        assert runner.invoke(build(), command).exit_code == 0
    with running("--http", "", data_dir=data_dir) as daemon:
        yield call_of(f"127.0.0.1:{daemon.port}", "PACSD", "MYSELF")


async def test_what_it_says_it_does(
    call: Call, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await studies_of(call, "20260101") == ["1.2.0"]
    assert sorted(await studies_of(call, "20260101-")) == ["1.2.0", "1.2.1"]
    (tmp_path / "got").mkdir()
    received = await bring(call, "1.2.0", tmp_path / "got")
    assert (received.files, received.failures) == (2, 0)
    names = [path.name for path in (tmp_path / "got/1.2.0").iterdir()]
    assert sorted(names) == ["1.2.3.2.dcm", "1.2.3.4.dcm"]
    assert not await send_on(call, "1.2.0", "STRANGER")
    assert capsys.readouterr().out.endswith("status A801, None done\n")
