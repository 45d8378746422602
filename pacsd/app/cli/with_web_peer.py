"""What commands share that call a DICOMweb server: which one, what we show it, whom we trust."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pacsd.net.web_client.session import WebServer

TokenOption = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        help="A bearer token for an http(s):// peer, alone in a file. [env: PACSD_HTTP_TOKEN holds "
        "one itself]",
        show_default=False,
    ),
]
AuthoritiesOption = Annotated[
    Path | None,
    typer.Option(
        "--ca",
        metavar="FILE",
        help="Certificates in PEM that vouch for an https:// peer, instead of the machine's.",
        show_default=False,
    ),
]

_FOR_DIMSE = "is for https:// and http:// peers alone"


def is_web(peer: str) -> bool:
    """Whether a peer is named as the root of a DICOMweb service."""
    return peer.lower().startswith(("http://", "https://"))


def refuse_options(context: typer.Context, refused: Mapping[str, str]) -> None:
    """Have options be wrong arguments that were given though they mean nothing here.

    `refused` has why, by the names of the parameters.
    """
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        if name in refused and source is not None and source.name == "COMMANDLINE":
            raise typer.BadParameter(refused[name], param_hint=parameter.opts[0])


def refuse_web_options(context: typer.Context) -> None:
    """Have options be wrong that a DIMSE peer has no use for."""
    refuse_options(context, {"token_file": _FOR_DIMSE, "authorities": _FOR_DIMSE})


def web_server(
    peer: str, token_file: Path | None, authorities: Path | None, timeout_s: float | None
) -> "WebServer":
    """The server that is meant, and how it is called."""
    from pacsd.net.web_client.credentials import CredentialsError, tls_context
    from pacsd.net.web_client.service_root import ServiceRoot, ServiceRootError
    from pacsd.net.web_client.session import WebServer, WebTimeouts

    try:
        root = ServiceRoot.parse(peer)
    except ServiceRootError as error:
        raise typer.BadParameter(str(error), param_hint="PEER") from None
    if authorities is not None and not root.is_tls:
        raise typer.BadParameter("is for https:// peers alone", param_hint="--ca")
    try:
        token = _token(token_file)
        tls = tls_context(authorities) if root.is_tls else None
    except CredentialsError as error:
        raise typer.BadParameter(str(error)) from None
    if token and not root.is_secret:
        # RFC 6750 section 5.3
        text = f"{root} would get the bearer token in the clear: it has to be https://"
        raise typer.BadParameter(text, param_hint="PEER")
    timeouts = WebTimeouts() if timeout_s is None else WebTimeouts(message_s=timeout_s)
    return WebServer(root, token, tls, timeouts)


def _token(file: Path | None) -> str:
    from pacsd.app.conf.options import HTTP_TOKEN_VARIABLE
    from pacsd.net.web_client.credentials import read_token, token_in

    if file is not None:
        return token_in(file)
    text = os.environ.get(HTTP_TOKEN_VARIABLE, "")
    return read_token(text, HTTP_TOKEN_VARIABLE) if text else ""
