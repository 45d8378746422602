"""`pacsd send`: send files to a peer (C-STORE as SCU, PS3.4 annex B)."""

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.send_progress import progress_bar
from pacsd.app.cli.with_config import EXIT_INTERRUPTED, ConfigOption, config_errors
from pacsd.app.cli.with_daemon import JsonOption
from pacsd.app.cli.with_peer import PeerArgument, endpoint_of, find_peer

if TYPE_CHECKING:
    from pacsd.app.cli.send_report import Teller
    from pacsd.net.delivery import Terms
    from pacsd.net.scu import Destination

EXIT_NOT_ALL_SENT = 1

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
    int, typer.Option("--associations", min=1, max=100, help="Associations at once.")
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
    peer: PeerArgument,
    paths: Paths,
    config: ConfigOption = None,
    calling_ae: Calling = None,
    associations: Associations = 1,
    window: Window = 16,
    *,
    as_json: JsonOption = False,
) -> None:
    """Send DICOM files to a peer, re-encoded where it wants another uncompressed encoding."""
    import anyio

    from pacsd.app.cli.send_report import ReportForPeople, ReportForPrograms, Tally, Teller
    from pacsd.net.delivery import Terms
    from pacsd.net.scu import Destination, Timeouts

    for path in paths:
        if not path.exists():
            raise typer.BadParameter(f"{str(path)!a} does not exist", param_hint="PATHS")
    with config_errors():
        whom, settings = find_peer(peer, config)
    own = calling_ae or settings.ae[0].title
    destination = Destination(endpoint_of(whom), whom.ae_title, own)
    terms = Terms(Timeouts.of(settings.dimse), associations, window)
    tally, started, exit_code = Tally(), perf_counter(), EXIT_NOT_ALL_SENT
    with progress_bar() as bar:
        report = ReportForPrograms() if as_json else ReportForPeople(bar.say)
        teller = Teller(tally, report, bar)
        try:
            uvloop = {"use_uvloop": True}
            anyio.run(_deliver, paths, destination, terms, teller, backend_options=uvloop)
        except KeyboardInterrupt:
            tally.gave_up, exit_code = "interrupted", EXIT_INTERRUPTED
            tally.not_tried = None
    tally.seconds = perf_counter() - started
    report.summary(f"{whom.ae_title} at {whom.endpoint}", tally)
    if not tally.is_success:
        raise typer.Exit(exit_code)


async def _deliver(
    paths: list[Path], destination: "Destination", terms: "Terms", teller: "Teller"
) -> None:
    import anyio

    from pacsd.app.file_sending import send_files
    from pacsd.net.errors import AssociationError

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_count, paths, teller)
        try:
            await send_files(paths, destination, terms, teller)
        except AssociationError as error:
            teller.tally.gave_up = str(error)
        tasks.cancel_scope.cancel()


async def _count(paths: list[Path], teller: "Teller") -> None:
    """Say how many files there are: listing them is quicker than sending them."""
    from anyio import to_thread

    from pacsd.app.dicom_files import count_files

    if teller.bar.is_shown:
        count = await to_thread.run_sync(count_files, paths, abandon_on_cancel=True)
        teller.bar.expect(count)
