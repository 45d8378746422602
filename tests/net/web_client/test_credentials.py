from pathlib import Path

import pytest

from pacsd.net.web_client.credentials import CredentialsError, read_token, tls_context, token_in


def test_a_token(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc.DEF-_~+/123==\n")
    assert token_in(tmp_path / "token") == "abc.DEF-_~+/123=="
    assert read_token(" abc ", "HERE") == "abc"


@pytest.mark.parametrize("text", ["", " \n", "secret\r\nHost: x", "Bearer secret", "s" * 9_000])
def test_what_is_none_is_not_shown(tmp_path: Path, text: str) -> None:
    (tmp_path / "token").write_text(text)
    with pytest.raises(CredentialsError, match="holds no bearer token") as refused:
        token_in(tmp_path / "token")
    assert "secret" not in str(refused.value)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="No such file"):
        token_in(tmp_path / "none")
    with pytest.raises(CredentialsError, match="No such file"):
        tls_context(tmp_path / "none")


def test_what_is_no_certificate(tmp_path: Path) -> None:
    (tmp_path / "ca").write_text("no certificate")
    with pytest.raises(CredentialsError, match="no certificate in PEM"):
        tls_context(tmp_path / "ca")


def test_servers_are_verified() -> None:
    context = tls_context(None)
    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"


def test_our_certificate_goes_with_its_key(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("no certificate")
    with pytest.raises(CredentialsError, match="with the key that goes with it"):
        tls_context(None, tmp_path / "own")
    with pytest.raises(CredentialsError, match="No such file"):
        tls_context(None, tmp_path / "none")
