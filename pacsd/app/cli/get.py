"""`pacsd get`: have a peer send us objects, as files (C-GET as SCU, PS3.4 section C.4.3)."""

from pathlib import Path
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
    key_errors,
    name_of_peer,
)

if TYPE_CHECKING:
    from pacsd.app.cli.errand_progress import Advance
    from pacsd.app.cli.retrieve_report import Tally
    from pacsd.app.retrieving import Call
    from pacsd.app.wanted import Wanted

FolderOption = Annotated[
    Path,
    typer.Option("--to", metavar="FOLDER", help="Where the files are written.", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("get")(get)


def get(
    peer: PeerArgument,
    keys: UniqueKeysArgument,
    to: FolderOption,
    config: ConfigOption = None,
    calling_ae: CallingOption = None,
    timeout: SlowTimeoutOption = 600.0,
    *,
    composite: CompositeOption = False,
    as_json: JsonOption = False,
) -> None:
    """Get objects from a peer into FOLDER/STUDY/INSTANCE.dcm; no file is ever replaced.

    What is made is readable for this user only.
    """
    import anyio

    from pacsd.app.cli.errand_progress import progress_bar
    from pacsd.app.cli.retrieve_report import Tally, report_for_people, report_for_programs
    from pacsd.app.file_receiving import Received
    from pacsd.app.wanted import read_wanted

    with key_errors():
        wanted = read_wanted(keys, is_composite=composite)
    call = call_to(peer, config, calling_ae, timeout)
    _make(to)
    tally = Tally("get", received=Received())
    started, exit_code = perf_counter(), EXIT_NOT_DONE
    with progress_bar("getting") as advance:
        work = to, call, wanted, tally, advance
        try:
            anyio.run(_get, *work, backend_options={"use_uvloop": True})
        except KeyboardInterrupt:
            tally.gave_up, exit_code = "interrupted, the peer was told to stop", EXIT_INTERRUPTED
    tally.seconds = perf_counter() - started
    if as_json:
        report_for_programs(name_of_peer(call), tally)
    else:
        report_for_people(name_of_peer(call), tally, "got")
    if not tally.is_success:
        raise typer.Exit(exit_code)


async def _get(
    folder: Path, call: "Call", wanted: "Wanted", tally: "Tally", advance: "Advance"
) -> None:
    from pacsd.app.cli.retrieve_report import teller
    from pacsd.app.file_receiving import Received
    from pacsd.app.retrieving import get_into
    from pacsd.dicom.query_keys import QueryKeyError
    from pacsd.net.errors import AssociationError

    received = tally.received or Received()
    told = teller(tally, advance)
    try:
        tally.ended = await get_into(folder, call, wanted, told, tally.not_written, received)
    except (AssociationError, QueryKeyError) as error:
        tally.gave_up = str(error)


def _make(folder: Path) -> None:
    from pacsd.app.private_files import make_folder

    try:
        make_folder(folder)
    except OSError as error:
        text = f"{str(folder)!a}: {error.strerror}"
        raise typer.BadParameter(text, param_hint="--to") from None
