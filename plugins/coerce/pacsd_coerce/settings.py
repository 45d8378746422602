"""The keys of [plugins.coerce]."""

from pathlib import Path

from pydantic import Field, SecretStr, model_validator

from pacsd.api.settings import Settings
from pacsd_coerce.keyed import MIN_SECRET_BYTES


class CoerceSettings(Settings):
    """Other values of attributes, as objects come and as they leave, by a file of its own."""

    file: Path = Field(examples=["/etc/pacsd/coercions.toml"])
    """The file with coercions; a relative path is seen from the data directory. It is read at start
    and with each reload of the configuration; one with an error keeps those that are in force."""

    key: SecretStr | None = None
    """The secret of which pseudonyms, UIDs and shifts of dates are made: 16 bytes at least. With
    another one all of them are others."""

    key_file: Path | None = None
    """A file with it, instead, which nobody else may read; spaces and line breaks around it do not
    count."""

    @model_validator(mode="after")
    def _is_one_key(self) -> "CoerceSettings":
        if self.key is not None and self.key_file is not None:
            raise ValueError("key and key_file: one of them, not both")
        if self.key is not None and len(self.key.get_secret_value().encode()) < MIN_SECRET_BYTES:
            raise ValueError(f"key: must be {MIN_SECRET_BYTES} bytes at least")
        return self
