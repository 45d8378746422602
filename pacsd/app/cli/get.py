"""`pacsd get`: C-GET as SCU (PS3.4 section C.4.3), or WADO-RS (PS3.18 section 10.4)."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.with_config import EXIT_INTERRUPTED, ConfigOption
from pacsd.app.cli.with_daemon import JsonOption
from pacsd.app.cli.with_peer import PeerOrServiceArgument
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
from pacsd.app.cli.with_web_peer import (
    AuthoritiesOption,
    TokenOption,
    is_web,
    refuse_options,
    refuse_web_options,
    web_server,
)

if TYPE_CHECKING:
    from pacsd.app.cli.errand_progress import Advance
    from pacsd.app.cli.retrieve_report import Tally
    from pacsd.app.retrieving import Call
    from pacsd.app.wanted import Wanted
    from pacsd.net.web_client.session import WebServer

    Ask = Callable[[Tally, Advance], Awaitable[None]]

_NOT_OVER_HTTP = {
    "calling_ae": "is for DIMSE: nobody has an AE title over HTTP",
    "composite": "is for DIMSE: over DICOMweb a SOPInstanceUID alone will do as it is",
}

FolderOption = Annotated[
    Path,
    typer.Option("--to", metavar="FOLDER", help="Where the files are written.", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("get")(get)


def get(
    context: typer.Context,
    peer: PeerOrServiceArgument,
    keys: UniqueKeysArgument,
    to: FolderOption,
    config: ConfigOption = None,
    calling_ae: CallingOption = None,
    timeout: SlowTimeoutOption = 600.0,
    token_file: TokenOption = None,
    authorities: AuthoritiesOption = None,
    *,
    composite: CompositeOption = False,
    as_json: JsonOption = False,
) -> None:
    """Get objects from a peer into FOLDER/STUDY/INSTANCE.dcm; no file is ever replaced.

    What is made is readable for this user only.
    """
    from pacsd.app.wanted import read_wanted

    with key_errors():
        wanted = read_wanted(keys, is_composite=composite)
    if is_web(peer):
        refuse_options(context, _NOT_OVER_HTTP)
        server = web_server(peer, token_file, authorities, timeout)
        name, ask, interrupted = str(server.root), partial(_get_web, to, server, wanted), ""
    else:
        refuse_web_options(context)
        call = call_to(peer, config, calling_ae, timeout)
        name, ask = name_of_peer(call), partial(_get, to, call, wanted)
        interrupted = ", the peer was told to stop"
    _make(to)
    _run(name, ask, f"interrupted{interrupted}", as_json=as_json)


def _run(name: str, ask: "Ask", interrupted: str, *, as_json: bool) -> None:
    """Get it, and say what came; `name` is who is asked."""
    import anyio

    from pacsd.app.cli.errand_progress import progress_bar
    from pacsd.app.cli.retrieve_report import Tally, report_for_people, report_for_programs
    from pacsd.app.file_receiving import Received

    tally = Tally("get", received=Received())
    started, exit_code = perf_counter(), EXIT_NOT_DONE
    with progress_bar("getting") as advance:
        try:
            anyio.run(ask, tally, advance, backend_options={"use_uvloop": True})
        except KeyboardInterrupt:
            tally.gave_up, exit_code = interrupted, EXIT_INTERRUPTED
    tally.seconds = perf_counter() - started
    if as_json:
        report_for_programs(name, tally)
    else:
        report_for_people(name, tally, "got")
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


async def _get_web(
    folder: Path, server: "WebServer", wanted: "Wanted", tally: "Tally", advance: "Advance"
) -> None:
    """The same of a DICOMweb server, which tells no statuses: that all of it came is success."""
    from pacsd.app.file_receiving import Received
    from pacsd.app.retrieving import Ended
    from pacsd.app.web_retrieving import WebGet, get_from_web
    from pacsd.dicom.status import Status
    from pacsd.net.query_retrieve_scu import Progress
    from pacsd.net.web_client.errors import WebError

    received = tally.received or Received()

    def advanced() -> None:
        advance(received.files + received.there + received.failures, None)

    try:
        await get_from_web(server, wanted, WebGet(folder, tally.not_written, advanced, received))
    except WebError as error:
        tally.gave_up = str(error)
    else:
        came = received.files + received.there
        tally.ended = Ended(Progress(Status.SUCCESS, 0, came, len(tally.unwritten), 0))


def _make(folder: Path) -> None:
    from pacsd.app.private_files import make_folder

    try:
        make_folder(folder)
    except OSError as error:
        text = f"{str(folder)!a}: {error.strerror}"
        raise typer.BadParameter(text, param_hint="--to") from None
