"""`pacsd selftest`: the running daemon tested from outside, after every change."""

import secrets
from contextlib import suppress
from dataclasses import asdict
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
    from collections.abc import Callable
    from pathlib import Path

    from pacsd.app.admin.records import DaemonStatus
    from pacsd.app.selftest import Step
    from pacsd.net.endpoint import Endpoint

EXIT_FAILED = 1
_IPV4 = 4

CalledAE = Annotated[
    str | None,
    typer.Option("--ae-title", help="Which of the daemon's AE titles.", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("selftest")(selftest)


def selftest(
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    ae_title: CalledAE = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Store an object of nobody's in the running daemon, find it, and have it sent back.

    pynetdicom does it, which has no code in common with pacsd. The object stays; it is always the
    same one, of the patient PACSD-SELFTEST.
    """
    from pacsd.app.admin.records import DaemonStatus
    from pacsd.app.admin.unix_socket import AdminError
    from pacsd.app.selftest import SelfTest, Subject

    ask = find_daemon(config, data_dir)
    with admin_errors():
        endpoint = _reachable(believe(DaemonStatus, ask("status")))
    guest = f"SELFTEST{secrets.token_hex(4).upper()}"
    tested = Subject(endpoint, ae_title or _first_title(config), guest)
    steps: list[Step] = []
    try:
        for step in SelfTest(tested, partial(_admit, ask, guest)).steps():
            steps.append(step)
            with suppress(AdminError):  # the next step tells what is wrong
                ask("guest.renew", ae_title=guest)
            if not as_json:
                typer.echo(_line(step), err=bool(step.failure))
    finally:
        with suppress(AdminError):
            ask("guest.dismiss")
    if as_json:
        print_json([asdict(step) for step in steps])
    if any(step.failure for step in steps):
        raise typer.Exit(EXIT_FAILED)


def _admit(ask: "Callable[..., object]", guest: str, port: int) -> None:
    ask("guest.admit", ae_title=guest, port=port)


def _reachable(status: "DaemonStatus") -> "Endpoint":
    """Where the daemon listens, as seen from this machine."""
    from pacsd.app.admin.unix_socket import AdminError
    from pacsd.net.endpoint import Endpoint, literal_address

    if not status.dimse:
        raise AdminError("the daemon listens for DICOM nowhere (dimse.listen)")
    endpoint = Endpoint.parse(status.dimse[0])
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
