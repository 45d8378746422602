from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from pacsd.app.cli.with_web_peer import is_web, refuse_options, refuse_web_options, web_server

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def _no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PACSD_HTTP_TOKEN", raising=False)


def test_which_peer_is_one() -> None:
    assert all(map(is_web, ["http://a/b", "https://a", "HTTPS://A"]))
    assert not any(map(is_web, ["PACSD", "A=http:104", "httpd", "ftp://a"]))


def test_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = web_server("http://127.0.0.1:8080/dicomweb/", None, None, None)
    assert (str(server.root), server.token, server.tls) == (
        "http://127.0.0.1:8080/dicomweb",
        "",
        None,
    )
    monkeypatch.setenv("PACSD_HTTP_TOKEN", "of-the-environment")
    server = web_server("https://a", None, None, 7.0)
    assert (server.token, server.timeouts.message_s) == ("of-the-environment", 7.0)
    assert server.tls is not None
    (tmp_path / "token").write_text("of-the-file\n")
    server = web_server("https://a", tmp_path / "token", None, None)
    assert server.token == "of-the-file"  # noqa: S105 - no secret


@pytest.mark.parametrize(
    ("peer", "token", "why"),
    [
        ("http://me:secret@a/", "", "user name or password"),
        ("http://a/?b", "", "query"),
        ("http://pacs.example/", "secret", "in the clear: it has to be https"),
        ("https://a/", "no token", "PACSD_HTTP_TOKEN: holds no bearer token"),
    ],
)
def test_w42_what_would_tell_a_secret_is_refused(
    peer: str, token: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PACSD_HTTP_TOKEN", token)
    with pytest.raises(typer.BadParameter, match=why) as refused:
        web_server(peer, None, None, None)
    assert "secret" not in str(refused.value)


def test_authorities(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="for https:// peers alone"):
        web_server("http://localhost/", None, tmp_path / "ca", None)
    with pytest.raises(typer.BadParameter, match="No such file"):
        web_server("https://localhost/", None, tmp_path / "ca", None)


def test_options_that_mean_nothing_are_refused_where_they_are_given() -> None:
    app = typer.Typer()

    @app.command()
    def command(
        context: typer.Context,
        window: Annotated[int, typer.Option("--window")] = 16,
        token_file: Annotated[str | None, typer.Option("--token-file")] = None,
    ) -> None:
        refuse_options(context, {"window": "means nothing"})
        refuse_web_options(context)
        typer.echo(f"{window} {token_file}")

    assert RUNNER.invoke(app, []).stdout == "16 None\n"
    refused = RUNNER.invoke(app, ["--window", "16"])
    assert refused.exit_code == 2
    assert "means nothing" in refused.stderr
    assert "--window" in refused.stderr
    assert "http:// peers" in RUNNER.invoke(app, ["--token-file", "x"]).stderr
