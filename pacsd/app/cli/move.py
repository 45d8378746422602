"""`pacsd move`: have a peer send objects to a third one (C-MOVE as SCU, PS3.4 section C.4.2)."""

from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.with_config import EXIT_INTERRUPTED, ConfigOption
from pacsd.app.cli.with_daemon import JsonOption
from pacsd.app.cli.with_peer import PeerArgument
from pacsd.app.cli.with_query import (
    EXIT_NOT_DONE,
    CallingOption,
    CompositeOption,
    SlowTimeoutOption,
    UniqueKeysArgument,
    call_to,
    check_title,
    key_errors,
    name_of_peer,
)

if TYPE_CHECKING:
    from pacsd.app.cli.errand_progress import Advance
    from pacsd.app.cli.retrieve_report import Tally
    from pacsd.app.retrieving import Call
    from pacsd.app.wanted import Wanted

Receiver = Annotated[
    str,
    typer.Argument(
        metavar="DESTINATION",
        help="AE title of who gets it, as the peer knows it.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("move")(move)


def move(
    peer: PeerArgument,
    destination: Receiver,
    keys: UniqueKeysArgument,
    config: ConfigOption = None,
    calling_ae: CallingOption = None,
    timeout: SlowTimeoutOption = 600.0,
    *,
    composite: CompositeOption = False,
    as_json: JsonOption = False,
) -> None:
    """Have a peer send objects to an AE title that it knows; Ctrl-C has it stop."""
    import anyio

    from pacsd.app.cli.errand_progress import progress_bar
    from pacsd.app.cli.retrieve_report import Tally, report_for_people, report_for_programs
    from pacsd.app.wanted import read_wanted

    check_title(destination, "DESTINATION")
    with key_errors():
        wanted = read_wanted(keys, is_composite=composite)
    call = call_to(peer, config, calling_ae, timeout)
    tally, started, exit_code = Tally("move"), perf_counter(), EXIT_NOT_DONE
    with progress_bar("moving") as advance:
        work = call, wanted, destination, tally, advance
        try:
            anyio.run(_move, *work, backend_options={"use_uvloop": True})
        except KeyboardInterrupt:
            tally.gave_up, exit_code = "interrupted, the peer was told to stop", EXIT_INTERRUPTED
    tally.seconds = perf_counter() - started
    if as_json:
        report_for_programs(name_of_peer(call), tally)
    else:
        report_for_people(name_of_peer(call), tally, f"moved to {destination}")
    if not tally.is_success:
        raise typer.Exit(exit_code)


async def _move(
    call: "Call", wanted: "Wanted", destination: str, tally: "Tally", advance: "Advance"
) -> None:
    from pacsd.app.cli.retrieve_report import teller
    from pacsd.app.retrieving import move_to
    from pacsd.dicom.query_keys import QueryKeyError
    from pacsd.net.errors import AssociationError

    try:
        tally.ended = await move_to(call, wanted, destination, teller(tally, advance))
    except (AssociationError, QueryKeyError) as error:
        tally.gave_up = str(error)
