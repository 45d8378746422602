"""`pacsd selftest` against a real daemon."""

import json
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from pacsd.app.cli.main import build
from tests.running import Running, running


@pytest.fixture(scope="module")
def daemon() -> Iterator[Running]:
    with running("--http", "") as daemon:
        yield daemon
        assert daemon.stop() == 0


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(build(), ["selftest", *arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.timeout(60)
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of pynetdicom's sockets
def test_everything_works_again_and_again(daemon: Running) -> None:
    for _ in range(2):
        code, out, err = run("--data-dir", str(daemon.data_dir))
        assert (code, err) == (0, "")
        lines = out.splitlines()
        assert len(lines) == 10
        assert all(line.endswith("ok") for line in lines)
    objects = list((daemon.data_dir / "store" / "objects").rglob("*.dcm"))
    assert len(objects) == 1


@pytest.mark.timeout(60)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_what_fails_is_named(daemon: Running) -> None:
    code, out, _ = run("--data-dir", str(daemon.data_dir), "--ae-title", "NOBODY", "--json")
    steps = json.loads(out)
    assert code == 1
    assert steps[0]["failure"] == ""
    assert "rejected" in steps[1]["failure"]
    assert "explain last-reject" in steps[1]["failure"]


def test_without_a_daemon(tmp_path: object) -> None:
    code, _, err = run("--data-dir", str(tmp_path))
    assert code == 1
    assert "no daemon runs" in err
