"""The secret key, from the settings or from a file of its own."""

import stat
from pathlib import Path

from pacsd_coerce.errors import CoercionFileError
from pacsd_coerce.keyed import MIN_SECRET_BYTES, Keyed
from pacsd_coerce.settings import CoerceSettings

MAX_SECRET_BYTES = 8 * 1024


def read_key(settings: CoerceSettings, data_dir: Path) -> Keyed | None:
    """What the key makes; None where none is configured. Blocks.

    Raises:
        CoercionFileError: the file cannot be used; the text says why, and nothing of the secret.
    """
    if settings.key is not None:
        return Keyed(settings.key.get_secret_value().encode())
    if settings.key_file is None:
        return None
    path = data_dir / settings.key_file
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(path.stat().st_mode)
            secret = file.read(MAX_SECRET_BYTES + 1).strip()
    except OSError as error:
        raise CoercionFileError(f"key_file {path}: {error.strerror}") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        rule = "nobody but its owner may read it (chmod 600)"
        raise CoercionFileError(f"key_file {path}: mode {mode:03o}: {rule}")
    if not MIN_SECRET_BYTES <= len(secret) <= MAX_SECRET_BYTES:
        rule = f"{MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} bytes"
        raise CoercionFileError(f"key_file {path}: must hold {rule}")
    return Keyed(secret)
