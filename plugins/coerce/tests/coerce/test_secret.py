from pathlib import Path

import pytest
from pacsd_coerce.errors import CoercionFileError
from pacsd_coerce.keyed import Keyed
from pacsd_coerce.secret import read_key
from pacsd_coerce.settings import CoerceSettings

SECRET = "0123456789abcdef"  # noqa: S105 - of a test


def settings(**keys: str) -> CoerceSettings:
    return CoerceSettings.model_validate({"file": "c.toml", **keys})


def written(folder: Path, content: bytes, mode: int = 0o600) -> None:
    (folder / "key").write_bytes(content)
    (folder / "key").chmod(mode)


def test_the_key_of_the_settings_or_of_a_file(tmp_path: Path) -> None:
    wanted = Keyed(SECRET.encode()).uid("1.2")
    written(tmp_path, f"{SECRET}\n".encode())
    for each in (settings(key=SECRET), settings(key_file="key")):
        keyed = read_key(each, tmp_path)
        assert keyed is not None
        assert keyed.uid("1.2") == wanted
    assert read_key(settings(), tmp_path) is None


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (SECRET.encode(), 0o644, "mode 644: nobody but its owner may read it"),
        (b"short", 0o600, "must hold 16 to 8192 bytes"),
        (b"x" * 9000, 0o600, "must hold 16 to 8192 bytes"),
    ],
)
def test_a_file_that_is_no_secret_is_refused(
    tmp_path: Path, content: bytes, mode: int, said: str
) -> None:
    written(tmp_path, content, mode)
    with pytest.raises(CoercionFileError, match=said) as raised:
        read_key(settings(key_file="key"), tmp_path)
    assert SECRET not in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CoercionFileError, match="gone: No such file"):
        read_key(settings(key_file="gone"), tmp_path)
