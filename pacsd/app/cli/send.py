"""`pacsd send`: C-STORE as SCU (PS3.4 annex B), or STOW-RS (PS3.18 section 10.5)."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.send_progress import progress_bar
from pacsd.app.cli.with_config import EXIT_INTERRUPTED, ConfigOption, config_errors
from pacsd.app.cli.with_daemon import JsonOption
from pacsd.app.cli.with_peer import PeerOrServiceArgument, endpoint_of, find_peer
from pacsd.app.cli.with_web_peer import (
    AuthoritiesOption,
    TokenOption,
    is_web,
    refuse_options,
    refuse_web_options,
    web_server,
)

if TYPE_CHECKING:
    from pacsd.app.cli.send_report import Teller
    from pacsd.net.delivery import Terms
    from pacsd.net.scu import Destination
    from pacsd.net.web_client.session import WebServer

    Deliver = Callable[[Teller], Awaitable[None]]

EXIT_NOT_ALL_SENT = 1
STORE_TIMEOUT_S = 300.0
"""A server answers once it has stored all of a request."""

_NOT_OVER_HTTP = {
    "calling_ae": "is for DIMSE: nobody has an AE title over HTTP",
    "window": "is for DIMSE: --associations says how many requests are made at once",
}

Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="PATHS...",
        help="Files, folders with all that is in them, DICOMDIRs with what they refer to.",
        show_default=False,
    ),
]
Calling = Annotated[
    str | None, typer.Option("--calling-ae", help="Our AE title.", show_default=False)
]
Associations = Annotated[
    int, typer.Option("--associations", min=1, max=100, help="Associations, or requests, at once.")
]
Window = Annotated[
    int,
    typer.Option(
        "--window",
        min=1,
        max=1_000,
        help="Operations outstanding on each, where the peer agrees; 1 = not negotiated.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("send")(send)


def send(
    context: typer.Context,
    peer: PeerOrServiceArgument,
    paths: Paths,
    config: ConfigOption = None,
    calling_ae: Calling = None,
    associations: Associations = 1,
    window: Window = 16,
    token_file: TokenOption = None,
    authorities: AuthoritiesOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Send DICOM files to a peer, re-encoded where it wants another uncompressed encoding.

    To a DICOMweb service they go as they are.
    """
    for path in paths:
        if not path.exists():
            raise typer.BadParameter(f"{str(path)!a} does not exist", param_hint="PATHS")
    if is_web(peer):
        refuse_options(context, _NOT_OVER_HTTP)
        server = web_server(peer, token_file, authorities, STORE_TIMEOUT_S)
        _run(str(server.root), paths, partial(_store, paths, server, associations), as_json=as_json)
        return
    from pacsd.net.delivery import Terms
    from pacsd.net.scu import Destination, Timeouts

    refuse_web_options(context)
    with config_errors():
        whom, settings = find_peer(peer, config)
    own = calling_ae or settings.ae[0].title
    destination = Destination(endpoint_of(whom), whom.ae_title, own)
    terms = Terms(Timeouts.of(settings.dimse), associations, window)
    name = f"{whom.ae_title} at {whom.endpoint}"
    _run(name, paths, partial(_deliver, paths, destination, terms), as_json=as_json)


def _run(name: str, paths: list[Path], deliver: "Deliver", *, as_json: bool) -> None:
    """Send, and say what became of it; `name` is whom it is sent to."""
    import anyio

    from pacsd.app.cli.send_report import ReportForPeople, ReportForPrograms, Tally, Teller

    tally, started, exit_code = Tally(), perf_counter(), EXIT_NOT_ALL_SENT
    with progress_bar() as bar:
        report = ReportForPrograms() if as_json else ReportForPeople(bar.say)
        teller = Teller(tally, report, bar)
        try:
            uvloop = {"use_uvloop": True}
            anyio.run(_counted, paths, deliver, teller, backend_options=uvloop)
        except KeyboardInterrupt:
            tally.gave_up, exit_code = "interrupted", EXIT_INTERRUPTED
            tally.not_tried = None
    tally.seconds = perf_counter() - started
    report.summary(name, tally)
    if not tally.is_success:
        raise typer.Exit(exit_code)


async def _counted(paths: list[Path], deliver: "Deliver", teller: "Teller") -> None:
    import anyio

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_count, paths, teller)
        await deliver(teller)
        tasks.cancel_scope.cancel()


async def _deliver(
    paths: list[Path], destination: "Destination", terms: "Terms", teller: "Teller"
) -> None:
    from pacsd.app.file_sending import send_files
    from pacsd.net.errors import AssociationError

    try:
        await send_files(paths, destination, terms, teller)
    except AssociationError as error:
        teller.tally.gave_up = str(error)


async def _store(
    paths: list[Path], server: "WebServer", requests_at_once: int, teller: "Teller"
) -> None:
    from pacsd.app.web_file_sending import send_web_files
    from pacsd.net.web_client.errors import WebError

    try:
        await send_web_files(paths, server, requests_at_once, teller)
    except WebError as error:
        teller.tally.gave_up = str(error)


async def _count(paths: list[Path], teller: "Teller") -> None:
    """Say how many files there are: listing them is quicker than sending them."""
    from anyio import to_thread

    from pacsd.app.dicom_files import count_files

    if teller.bar.is_shown:
        count = await to_thread.run_sync(count_files, paths, abandon_on_cancel=True)
        teller.bar.expect(count)
