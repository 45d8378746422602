from pathlib import Path

import pytest
from pacsd_s3_client.credentials import Credentials, CredentialsError, credentials_in

KEYS = "[default]\naws_access_key_id = hidden-1\naws_secret_access_key = hidden%2\n"


def kept(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "keys"
    path.touch(mode=0o600)
    path.write_bytes(text.encode("latin-1"))
    return path


def test_keys_are_read_as_amazons_tools_keep_them(tmp_path: Path) -> None:
    found = credentials_in(kept(tmp_path, f"# of the archive\n{KEYS}region = x\n"))
    assert found == Credentials("hidden-1", "hidden%2")
    with_token = credentials_in(kept(tmp_path, f"{KEYS}aws_session_token=hidden=3\n"))
    assert with_token.session_token == "hidden=3"  # noqa: S105
    assert "hidden" not in repr(with_token)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "has no [default] with aws_access_key_id"),
        (KEYS.replace("default", "other"), "has no [default]"),
        ("[default]\naws_access_key_id = hidden\n", "has no [default] with"),
        ("[default]\nhidden\n", "is no file of sections and keys"),
        ("hidden", "is no file of sections and keys"),
        ("hidden \xff", "is no text"),
    ],
)
def test_what_is_wrong_is_told_without_a_secret(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(CredentialsError) as raised:
        credentials_in(kept(tmp_path, text))
    assert why in str(raised.value)
    assert "hidden" not in str(raised.value)
    assert raised.value.__context__ is None or raised.value.__suppress_context__


def test_one_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    path = kept(tmp_path, KEYS)
    path.chmod(0o640)
    with pytest.raises(CredentialsError, match="mode 640: nobody but its owner may read it"):
        credentials_in(path)


def test_one_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="No such file"):
        credentials_in(tmp_path / "gone")
