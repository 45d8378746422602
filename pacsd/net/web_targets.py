"""DICOMweb servers that routes send to: whom, what we show them, and whom we trust."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, PlainSerializer, model_validator

from pacsd.api.settings import Settings
from pacsd.net.web_client.service_root import ServiceRoot, ServiceRootError


def _check_root(value: str) -> str:
    try:
        ServiceRoot.parse(value)
    except ServiceRootError as error:
        raise ValueError(f"{error}") from None
    return value


_FileName = Annotated[Path | None, PlainSerializer(str)]


class WebTargetSettings(Settings):
    """A DICOMweb server that routes send to as `web:NAME`, by STOW-RS; repeat the table for more.

    Token and certificates are read anew for each delivery; relative paths are seen from this file.
    """

    name: str = Field(examples=["siteb"], pattern=r"^[A-Za-z0-9._-]{1,64}$")
    """What routes call it: `web:NAME`."""

    url: Annotated[str, AfterValidator(_check_root)] = Field(
        examples=["https://siteb.example.org/dicomweb"]
    )
    """The root of its DICOMweb service."""

    token_file: _FileName = Field(default=None, examples=["/etc/pacsd/siteb.token"])
    """A file that holds a bearer token (RFC 6750), alone. Not for http:// beyond this machine."""

    ca_file: _FileName = Field(default=None, examples=["/etc/pacsd/siteb-ca.pem"])
    """Certificates in PEM that vouch for it, instead of the machine's."""

    certificate_file: _FileName = Field(default=None, examples=["/etc/pacsd/own.pem"])
    """Our certificate in PEM, with those above it, where it wants one of us."""

    key_file: _FileName = Field(default=None, examples=["/etc/pacsd/own-key.pem"])
    """The private key of that, in PEM without a password. Unset = it stands in the same file."""

    requests_at_once: int = Field(default=2, ge=1, le=32)
    """Most requests at once."""

    timeout_s: float = Field(default=60, gt=0, le=3_600)
    """So long we wait until anything moves."""

    def seen_from(self, folder: Path) -> Self:
        """The same, with the relative paths of its files seen from a folder."""
        names = ("token_file", "ca_file", "certificate_file", "key_file")
        paths = {name: path for name in names if (path := getattr(self, name)) is not None}
        return self.model_copy(update={name: folder / path for name, path in paths.items()})

    @model_validator(mode="after")
    def _check_secrets(self) -> Self:
        root = ServiceRoot.parse(self.url)
        if self.token_file is not None and not root.is_secret:
            raise ValueError("token_file: would be sent in the clear: url has to be https://")
        if not root.is_tls and (self.ca_file or self.certificate_file or self.key_file):
            raise ValueError("ca_file, certificate_file and key_file: are for https:// alone")
        if self.key_file and not self.certificate_file:
            raise ValueError("key_file: needs certificate_file")
        return self
