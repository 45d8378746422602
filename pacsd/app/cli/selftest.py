"""`pacsd selftest`: the running daemon tested from outside, after every change."""

import secrets
from contextlib import suppress
from dataclasses import asdict
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.with_config import ConfigOption, config_errors
from pacsd.app.cli.with_daemon import (
    DataDirOption,
    JsonOption,
    admin_errors,
    believe,
    find_daemon,
    print_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pacsd.app.admin.records import DaemonStatus
    from pacsd.app.selftest import SelfTest, Step
    from pacsd.net.endpoint import Endpoint

EXIT_FAILED = 1
_IPV4 = 4

CalledAE = Annotated[
    str | None,
    typer.Option("--ae-title", help="Which of the daemon's AE titles.", show_default=False),
]


class Client(StrEnum):
    """Whom the test of DICOMweb asks as."""

    OHIF = "ohif"
    WEASIS = "weasis"
    STRICT = "strict"


AskedAs = Annotated[
    Client | None,
    typer.Option(
        "--as",
        help="Test DICOMweb instead, in the way of this client.",
        show_default=False,
        case_sensitive=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("selftest")(selftest)


def selftest(
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    ae_title: CalledAE = None,
    asked_as: AskedAs = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Store an object of nobody's in the running daemon, find it, and have it sent back.

    pynetdicom does it, or with --as Python's own HTTP client; neither has code in common with
    pacsd. The object stays; it is always the same one, of the patient PACSD-SELFTEST.
    """
    from pacsd.app.admin.records import DaemonStatus

    ask = find_daemon(config, data_dir)
    with admin_errors():
        status = believe(DaemonStatus, ask("status"))
        if asked_as is None:
            tested = _over_dimse(ask, status, config, ae_title)
        else:
            tested = _over_web(status, asked_as)
    steps: list[Step] = []
    for step in tested:
        steps.append(step)
        if not as_json:
            typer.echo(_line(step), err=bool(step.failure))
    if as_json:
        print_json([asdict(step) for step in steps])
    if any(step.failure for step in steps):
        raise typer.Exit(EXIT_FAILED)


def _over_dimse(
    ask: "Callable[..., object]", status: "DaemonStatus", config: "Path | None", title: str | None
) -> "Iterator[Step]":
    """The steps as pynetdicom does them, as a guest of the daemon for so long."""
    from pacsd.app.selftest import SelfTest, Subject

    guest = f"SELFTEST{secrets.token_hex(4).upper()}"
    subject = Subject(_dimse_address(status), title or _first_title(config), guest)
    return _as_guest(ask, guest, SelfTest(subject, partial(_admit, ask, guest)))


def _as_guest(ask: "Callable[..., object]", guest: str, test: "SelfTest") -> "Iterator[Step]":
    from pacsd.app.admin.unix_socket import AdminError

    try:
        for step in test.steps():
            with suppress(AdminError):  # the next step tells what is wrong
                ask("guest.renew", ae_title=guest)
            yield step
    finally:
        with suppress(AdminError):
            ask("guest.dismiss")


def _over_web(status: "DaemonStatus", client: Client) -> "Iterator[Step]":
    """The steps in the way of a web client."""
    from pacsd.app.admin.unix_socket import AdminError
    from pacsd.app.web_selftest import MANNERS, WebSelfTest
    from pacsd.net.endpoint import Endpoint

    if not status.http:
        raise AdminError("the daemon has no web listener (http.listen)")
    return WebSelfTest(_reachable(Endpoint.parse(status.http)), MANNERS[client]).steps()


def _admit(ask: "Callable[..., object]", guest: str, port: int) -> None:
    ask("guest.admit", ae_title=guest, port=port)


def _dimse_address(status: "DaemonStatus") -> "Endpoint":
    from pacsd.app.admin.unix_socket import AdminError
    from pacsd.net.endpoint import Endpoint

    if not status.dimse:
        raise AdminError("the daemon listens for DICOM nowhere (dimse.listen)")
    return _reachable(Endpoint.parse(status.dimse[0]))


def _reachable(endpoint: "Endpoint") -> "Endpoint":
    """Where the daemon listens, as seen from this machine."""
    from pacsd.net.endpoint import Endpoint, literal_address

    address = literal_address(endpoint.host)
    if address is not None and address.is_unspecified:
        return Endpoint("127.0.0.1" if address.version == _IPV4 else "::1", endpoint.port)
    return endpoint


def _first_title(config: "Path | None") -> str:
    from pacsd.app.conf import reading
    from pacsd.app.conf.options import Options

    with config_errors():
        return reading.load(config, Options()).ae[0].title


def _line(step: "Step") -> str:
    outcome = f"FAILED: {step.failure}" if step.failure else "ok"
    return f"{step.name:<32} {step.seconds * 1000:6.0f} ms  {outcome}"
