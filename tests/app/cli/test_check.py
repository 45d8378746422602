from pathlib import Path

import pytest
from typer.testing import CliRunner

from pacsd.app.cli.main import build


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PACSD_STORE__UNSAFE_TMPFS", "true")
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "pacsd.toml"
    path.write_text("", encoding="utf-8")
    return path


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(build(), ["check", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_valid(file: Path) -> None:
    assert run("--config", str(file)) == (0, "configuration is valid; 0 peers known\n", "")
    assert run() == (0, "configuration is valid; 0 peers known\n", "")
    assert list(file.parent.iterdir()) == [file]


def test_wrong(file: Path) -> None:
    file.write_text("[dimse]\nbacklog = 0\nx = 1\n", encoding="utf-8")
    code, out, err = run("--config", file.name)
    assert (code, out) == (2, "")
    assert err == (
        "pacsd.toml:2: dimse.backlog = 0: must be >= 1\npacsd.toml:3: dimse.x: unknown key\n"
    )


def test_a_host_nobody_knows_is_a_warning(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACSD_PEER", "CT1=no-such-host.invalid:104")
    code, out, err = run("--config", str(file))
    assert (code, out) == (0, "configuration is valid; 1 peer known\n")
    assert err == "warning: nobody knows the host no-such-host.invalid; its peer cannot call us\n"


def test_wrong_keys_of_a_plugin_have_their_lines(file: Path) -> None:
    file.write_text("[plugins.store_fs]\nthreads = 0\nroto = 'x'\n", encoding="utf-8")
    code, _, err = run("--config", file.name)
    assert code == 2
    assert err.splitlines() == [
        "pacsd.toml:2: plugins.store_fs.threads = 0: must be >= 1",
        "pacsd.toml:3: plugins.store_fs.roto: unknown key; did you mean root?",
    ]


def test_a_plugin_that_is_not_installed(file: Path) -> None:
    file.write_text('[store]\nname = "store_xy"\n', encoding="utf-8")
    code, _, err = run("--config", file.name)
    assert code == 2
    assert err.startswith("pacsd.toml:2: store.name: plugin 'store_xy' is not installed")


def test_what_a_plugin_finds_wrong_itself(file: Path) -> None:
    (file.parent / "store").write_text("not a directory", encoding="utf-8")
    file.write_text(
        f'data_dir = "."\n[plugins.store_fs]\nroot = "{file.parent}/store"\n', encoding="utf-8"
    )
    code, _, err = run("--config", file.name)
    assert code == 2
    assert err.startswith("plugin store_fs: ")
