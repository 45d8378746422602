"""`pacsd explain last-reject`: why a peer got no association, and what to do about it."""

import textwrap
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.with_config import ConfigOption, config_errors
from pacsd.app.cli.with_daemon import (
    DataDirOption,
    JsonOption,
    ask_daemon,
    believe,
    local_time,
    print_json,
)

if TYPE_CHECKING:
    from pacsd.app.cli.refusal_advice import Advice
    from pacsd.net.recorder import Refusal

WIDTH = 98

CallingArgument = Annotated[
    str | None, typer.Argument(metavar="[AET]", help="Calling AE title; none = the last of all.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.callback()(_group)
    group.command("last-reject")(last_reject)
    app.add_typer(group, name="explain", help="Say why something happened.")


def last_reject(
    aet: CallingArgument = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Say in words why a caller was refused, and which key to set."""
    from pacsd.app.cli.refusal_advice import advise
    from pacsd.net.recorder import Refusal

    answer = ask_daemon(config, data_dir, "explain.last_reject", aet=aet)
    if as_json:
        print_json(answer)
        return
    if answer is None:
        whom = "" if aet is None else f" of {aet!a}"
        typer.echo(f"no refusal{whom} is remembered since the daemon started", err=True)
        return
    refusal = believe(Refusal, answer)
    advice = advise(refusal, partial(_may_call_from, config))
    for line in (*_facts(refusal), "", *_help(advice, config)):
        typer.echo(line)


def _group() -> None:
    """A group stays one, although it has one command only."""


def _facts(refusal: "Refusal") -> Iterator[str]:
    yield f"when:     {local_time(refusal.at)}"
    yield f"from:     {refusal.peer_address}"
    if refusal.calling_ae or refusal.called_ae:
        yield f"who:      {refusal.calling_ae} calls {refusal.called_ae}"
    else:
        yield "who:      unknown, no A-ASSOCIATE-RQ could be read"
    yield f"answer:   {refusal.rejection}"
    yield f"why:      {refusal.why}"
    if refusal.key:
        yield f"key:      {refusal.key}"


def _may_call_from(config: Path | None, ae_title: str) -> tuple[str, ...]:
    """The addresses this peer may call from; () when they cannot be known."""
    from pacsd.app.conf import peers_file, reading
    from pacsd.app.conf.addresses import caller_addresses
    from pacsd.app.conf.errors import ConfigErrors

    with suppress(ConfigErrors):
        gathered = reading.gather(config)
        peers = peers_file.load(gathered.peers_path, reading.option_peers(gathered))
        peer = peers.find(ae_title)
        return caller_addresses(peer) if peer else ()
    return ()


def _help(advice: "Advice", config: Path | None) -> Iterator[str]:
    yield from textwrap.wrap(advice.text, WIDTH, break_on_hyphens=False)
    if not advice.toml:
        return
    settings, peers = _files(config)
    yield ""
    yield f"In {peers if advice.in_peers_file else settings}:"
    yield ""
    yield from textwrap.indent(advice.toml, "    ").splitlines()
    yield ""
    if advice.in_peers_file:
        yield "Then `pacsd reload`, or SIGHUP to the daemon."
    else:
        yield "Then start the daemon again."


def _files(config: Path | None) -> tuple[str, str]:
    """The configuration file and the peers file, as far as the configuration names them."""
    from pacsd.app.conf import reading

    with config_errors():
        gathered = reading.gather(config)
    document, peers = gathered.sources.document, gathered.peers_path
    settings = str(document.path) if document else "pacsd.toml (pacsd serve --config pacsd.toml)"
    return settings, str(peers) if peers else "peers.toml, beside the configuration file"
