"""`pacsd find`: C-FIND as SCU (PS3.4 section C.4.1), or QIDO-RS (PS3.18 section 10.6)."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.with_config import EXIT_INTERRUPTED, ConfigOption
from pacsd.app.cli.with_daemon import JsonOption
from pacsd.app.cli.with_peer import PeerOrServiceArgument
from pacsd.app.cli.with_query import (
    EXIT_NOT_DONE,
    CallingOption,
    TimeoutOption,
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
    from pacsd.app.cli.find_report import Report
    from pacsd.app.retrieving import Call
    from pacsd.app.searching import Search
    from pacsd.dicom.identifier import Manner
    from pacsd.net.query_retrieve_scu import QueryModel
    from pacsd.net.web_client.session import WebServer

    Ask = Callable[[Search, int | None, Report], Awaitable[str]]

_NOT_OVER_HTTP = {
    "calling_ae": "is for DIMSE: nobody has an AE title over HTTP",
    "model": "is for DIMSE: DICOMweb has one information model",
    "relational": "is for DIMSE: DICOMweb never wants the unique keys of the levels above",
    "combined": "is for DIMSE: DICOMweb does not combine dates and times",
}


class LevelName(StrEnum):
    """The levels, as people write them."""

    PATIENT = "patient"
    STUDY = "study"
    SERIES = "series"
    IMAGE = "image"


class ModelName(StrEnum):
    """The information models, as people write them."""

    STUDY = "study"
    PATIENT = "patient"
    PATIENT_STUDY = "patient-study"


Keys = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEY[=VALUE]]...",
        help="By keyword or tag: PatientName='SMITH*', (0008,0020)=20260101-, "
        "ProcedureCodeSequence.CodeValue=X. Without a value it is to be told; if no key is, what "
        "is usual for the level.",
        show_default=False,
    ),
]
LevelOption = Annotated[LevelName, typer.Option("--level", help="What is looked for.")]
ModelOption = Annotated[
    ModelName | None,
    typer.Option(
        "--model", help="Information model; none = study, of patients patient.", show_default=False
    ),
]
Fuzzy = Annotated[bool, typer.Option("--fuzzy", help="Names that sound like these.")]
Relational = Annotated[
    bool, typer.Option("--relational", help="Without the unique keys of the levels above.")
]
Combined = Annotated[
    bool, typer.Option("--combined", help="A range of dates and one of times are one of moments.")
]
Limit = Annotated[
    int | None,
    typer.Option("--limit", min=1, help="Cancel after so many matches.", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("find")(find)


def find(
    context: typer.Context,
    peer: PeerOrServiceArgument,
    keys: Keys = None,
    config: ConfigOption = None,
    calling_ae: CallingOption = None,
    level: LevelOption = LevelName.STUDY,
    model: ModelOption = None,
    limit: Limit = None,
    timeout: TimeoutOption = None,
    token_file: TokenOption = None,
    authorities: AuthoritiesOption = None,
    *,
    fuzzy: Fuzzy = False,
    relational: Relational = False,
    combined: Combined = False,
    as_json: JsonOption = False,
) -> None:
    """Search in a peer's archive: a table, or DICOM JSON, an object on each line as it comes."""
    from pacsd.dicom.identifier import Manner

    manner = Manner(is_relational=relational, combines_datetimes=combined, is_fuzzy=fuzzy)
    if is_web(peer):
        refuse_options(context, _NOT_OVER_HTTP)
        if level is LevelName.PATIENT:
            text = "there is no patient level over DICOMweb (PS3.18 table 10.6.1-1)"
            raise typer.BadParameter(text, param_hint="--level")
        server = web_server(peer, token_file, authorities, timeout)
        name, ask = str(server.root), partial(_search_web, server)
    else:
        refuse_web_options(context)
        call = call_to(peer, config, calling_ae, timeout)
        name, ask = name_of_peer(call), partial(_find, call)
    with key_errors():
        search = _search(keys or [], level, model, manner)
        _run(name, ask, search, limit, as_json=as_json)


def _run(name: str, ask: "Ask", search: "Search", limit: int | None, *, as_json: bool) -> None:
    """Search, and say what matches; `name` is who is asked."""
    import anyio

    from pacsd.app.cli.find_report import ReportForPeople, ReportForPrograms

    report = ReportForPrograms() if as_json else ReportForPeople(search.keys, search.level)
    exit_code = EXIT_INTERRUPTED
    try:
        uvloop = {"use_uvloop": True}
        why = anyio.run(ask, search, limit, report, backend_options=uvloop)
        exit_code = EXIT_NOT_DONE if why else 0
    except KeyboardInterrupt:
        why = "interrupted"
    report.end(name, why, is_limited=report.count == limit)
    if exit_code:
        raise typer.Exit(exit_code)


async def _find(call: "Call", search: "Search", limit: int | None, report: "Report") -> str:
    """Why it did not come to its end; '' if it did, or came to the limit."""
    from contextlib import aclosing

    from pacsd.dicom.errors import ScanError
    from pacsd.net.associated import associated
    from pacsd.net.errors import AssociationError, OperationFailed

    contexts, extended = search.contexts, search.extended
    try:
        async with associated(
            call.destination, contexts, call.timeouts, extended=extended
        ) as association:
            for words in search.not_agreed(association):
                typer.echo(f"{name_of_peer(call)} did not agree to {words}", err=True)
            async with aclosing(search.matches(association)) as matches:
                async for match in matches:
                    report.match(match)
                    if report.count == limit:
                        break
    except OperationFailed as error:
        return f"{error}{_hint(search, error.status)}"
    except (AssociationError, ScanError) as error:
        return str(error)
    return ""


async def _search_web(
    server: "WebServer", search: "Search", limit: int | None, report: "Report"
) -> str:
    """The same of a DICOMweb server; a match that cannot be read is told, and counts as a fault."""
    from contextlib import aclosing

    from pacsd.dicom.data_set import DataSet
    from pacsd.dicomweb.search_request import search_request
    from pacsd.net.web_client.errors import WebError
    from pacsd.net.web_client.searching import search as search_web
    from pacsd.net.web_client.session import web_session

    def warned(text: str) -> None:
        typer.echo(f"{server.root} warns: {text}", err=True)

    request = search_request(search.level, search.keys, is_fuzzy=search.manner.is_fuzzy)
    broken = 0
    try:
        async with (
            web_session(server) as session,
            aclosing(search_web(session, request, limit, warned)) as matches,
        ):
            async for match in matches:
                if isinstance(match, DataSet):
                    report.match(match)
                else:
                    broken += 1
                    typer.echo(f"{server.root}: a match that cannot be read: {match}", err=True)
    except WebError as error:
        return str(error)
    return f"{broken} of the matches cannot be read" if broken else ""


def _search(
    keys: list[str], level: LevelName, model: ModelName | None, manner: "Manner"
) -> "Search":
    from pacsd.app.searching import Search
    from pacsd.app.usual_keys import with_defaults
    from pacsd.dicom.level import Level
    from pacsd.dicom.query_keys import read_keys

    of_level = Level.of_term(level.value.upper())
    chosen = _model(level, model)
    if of_level is None or of_level not in chosen.levels:
        text = f"the {model or ModelName.STUDY} root has no {level} level (PS3.4 section C.6)"
        raise typer.BadParameter(text, param_hint="--model")
    return Search(chosen, of_level, with_defaults(of_level, chosen.levels, read_keys(keys)), manner)


def _model(level: LevelName, model: ModelName | None) -> "QueryModel":
    from pacsd.net.query_retrieve_scu import QueryModel

    if model is None:
        model = ModelName.PATIENT if level is LevelName.PATIENT else ModelName.STUDY
    models = {
        ModelName.STUDY: QueryModel.STUDY_ROOT,
        ModelName.PATIENT: QueryModel.PATIENT_ROOT,
        ModelName.PATIENT_STUDY: QueryModel.PATIENT_STUDY_ONLY,
    }
    return models[model]


def _hint(search: "Search", status: int) -> str:
    """What is probably missing where a peer says that the Identifier does not match."""
    from pacsd.dicom.query_keys import name_of
    from pacsd.dicom.status import Status

    if status != Status.DATA_SET_MISMATCH or search.manner.is_relational or not search.keyless:
        return ""
    names = " and ".join(f"{name_of(tag)}=VALUE" for tag in search.keyless)
    return f"; at level {search.level.term} it may want {names}, or --relational"
