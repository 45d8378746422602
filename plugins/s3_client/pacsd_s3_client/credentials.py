"""Keys from a file, as Amazon's tools keep them: so that the configuration holds none."""

import stat
from configparser import ConfigParser, Error
from dataclasses import dataclass, field
from pathlib import Path

MAX_FILE_BYTES = 65_536

_SECTION = "default"


class CredentialsError(Exception):
    """The file holds no keys that can be used; the text does not show what it holds."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key with its secret; never shown."""

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


def credentials_in(path: Path) -> Credentials:
    """The keys that a file holds. Blocks.

    Raises:
        CredentialsError: there are none, or the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(path.stat().st_mode)
            text = file.read(MAX_FILE_BYTES).decode("utf-8")
    except OSError as error:
        raise CredentialsError(f"{str(path)!a}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CredentialsError(f"{str(path)!a}: is no text") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        rule = "nobody but its owner may read it (chmod 600)"
        raise CredentialsError(f"{str(path)!a}: mode {mode:03o}: {rule}")
    # A secret may hold a percent sign, and what is wrong with a line would show it.
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except Error:
        raise CredentialsError(f"{str(path)!a}: is no file of sections and keys") from None
    found = [
        parser.get(_SECTION, f"aws_{name}", fallback="").strip()
        for name in ("access_key_id", "secret_access_key", "session_token")
    ]
    if not (found[0] and found[1]):
        said = f"[{_SECTION}] with aws_access_key_id and aws_secret_access_key"
        raise CredentialsError(f"{str(path)!a}: has no {said}")
    return Credentials(*found)
