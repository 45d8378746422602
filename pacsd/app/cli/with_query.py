"""What commands share that search or retrieve at a peer: whom they call, how keys are refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.with_config import config_errors
from pacsd.app.cli.with_peer import endpoint_of, find_peer

if TYPE_CHECKING:
    from pacsd.app.retrieving import Call

EXIT_NOT_DONE = 1

UniqueKeysArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="KEY=VALUE...",
        help="What to retrieve: PatientID, StudyInstanceUID, SeriesInstanceUID, SOPInstanceUID. "
        "The deepest one may have several values, separated by backslashes or given again.",
        show_default=False,
    ),
]
CompositeOption = Annotated[
    bool,
    typer.Option(
        "--composite",
        help="Composite Instance Root Retrieve (PS3.4 annex Y): by SOPInstanceUID alone.",
    ),
]
CallingOption = Annotated[
    str | None, typer.Option("--calling-ae", help="Our AE title.", show_default=False)
]
TimeoutOption = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        min=0.1,
        max=86_400,
        help="The longest wait for a response, in seconds; none = dimse.dimse_timeout_s.",
        show_default=False,
    ),
]
SlowTimeoutOption = Annotated[
    float,
    typer.Option(
        "--timeout",
        min=0.1,
        max=86_400,
        help="The longest wait for a response, in seconds: some peers say nothing until the end.",
    ),
]


@contextmanager
def key_errors() -> Iterator[None]:
    """Have a key that cannot be asked for be a wrong argument of the command."""
    from pacsd.dicom.query_keys import QueryKeyError

    try:
        yield
    except QueryKeyError as error:
        raise typer.BadParameter(str(error), param_hint="KEY") from None


def call_to(
    peer: str, config: Path | None, calling_ae: str | None, timeout_s: float | None
) -> "Call":
    """How the peer that is meant is called."""
    from dataclasses import replace

    from pacsd.app.retrieving import Call
    from pacsd.net.scu import Destination, Timeouts

    with config_errors():
        whom, settings = find_peer(peer, config)
    own = calling_ae or settings.ae[0].title
    check_title(own, "--calling-ae")
    timeouts = Timeouts.of(settings.dimse)
    if timeout_s is not None:
        timeouts = replace(timeouts, message_s=timeout_s)
    return Call(Destination(endpoint_of(whom), whom.ae_title, own), timeouts)


def check_title(text: str, where: str) -> None:
    """Have what is no AE title be a wrong argument of the command."""
    from pacsd.dicom.ae_title import check_ae_title
    from pacsd.dicom.errors import AETitleError

    try:
        check_ae_title(text, where)
    except AETitleError as error:
        raise typer.BadParameter(str(error), param_hint=where) from None


def name_of_peer(call: "Call") -> str:
    """Who was called, and where."""
    return f"{call.destination.called_ae} at {call.destination.endpoint}"
