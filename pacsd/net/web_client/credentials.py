"""What we show to a server, and whom we trust: bearer tokens (RFC 6750), certificates."""

import re
import ssl
from pathlib import Path

MAX_TOKEN_LENGTH = 8_192

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")


class CredentialsError(ValueError):
    """A token or certificate cannot be used; the text does not show it."""


def read_token(text: str, where: str) -> str:
    """A bearer token, from the text of a variable or file.

    Raises:
        CredentialsError: it is none; `where` it stood is told, not what.
    """
    token = text.strip()
    if len(token) > MAX_TOKEN_LENGTH or not _TOKEN.fullmatch(token):
        raise CredentialsError(f"{where}: holds no bearer token (RFC 6750 section 2.1)")
    return token


def token_in(path: Path) -> str:
    """The bearer token that a file holds, alone. Blocks.

    Raises:
        CredentialsError: there is none, or the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            held = file.read(MAX_TOKEN_LENGTH + 2)
    except OSError as error:
        raise CredentialsError(f"{str(path)!a}: {error.strerror}") from None
    return read_token(held.decode("latin-1"), ascii(str(path)))


def tls_context(
    authorities: Path | None, certificate: Path | None = None, key: Path | None = None
) -> ssl.SSLContext:
    """How servers are verified: by the machine's authorities, or by those of a file. Blocks.

    `certificate` is ours, where they want one, `key` its private key if that stands elsewhere.

    Raises:
        CredentialsError: a file cannot be read, or holds no certificate, or not the key of it.
    """
    context = _verifying(authorities)
    if certificate is None:
        return context
    try:
        # A key with a password is not asked for on the terminal of a daemon.
        context.load_cert_chain(certificate, key, password=lambda: b"")
    except ssl.SSLError:
        said = f"{str(certificate)!a}: holds no certificate in PEM with the key that goes with it"
        raise CredentialsError(said) from None
    except OSError as error:
        raise CredentialsError(f"{str(key or certificate)!a}: {error.strerror}") from None
    return context


def _verifying(authorities: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authorities)
    except ssl.SSLError:
        raise CredentialsError(f"{str(authorities)!a}: holds no certificate in PEM") from None
    except OSError as error:
        raise CredentialsError(f"{str(authorities)!a}: {error.strerror}") from None
