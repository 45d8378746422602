"""`pacsd echo`: ask a peer whether it is there (C-ECHO, PS3.4 annex A)."""

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli_config import ConfigOption, config_errors

if TYPE_CHECKING:
    from pacsd.net.pool import Pool
    from pacsd.net.scu import Destination

EXIT_NO_ECHO = 1

Called = Annotated[
    str,
    typer.Argument(help="AE title of a known peer, or AET=HOST:PORT.", show_default=False),
]
Calling = Annotated[
    str | None, typer.Option("--ae-title", help="Our AE title.", show_default=False)
]
Count = Annotated[int, typer.Option("--count", min=1, max=1_000_000, help="C-ECHOs in all.")]
Parallel = Annotated[int, typer.Option("--parallel", min=1, max=100, help="Associations at once.")]


@dataclass(slots=True)
class Tally:
    """How the C-ECHOs went: the seconds each took, and what failed, in words."""

    seconds: list[float]
    failures: list[str]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("echo")(echo)


def echo(
    peer: Called,
    config: ConfigOption = None,
    ae_title: Calling = None,
    count: Count = 1,
    parallel: Parallel = 1,
) -> None:
    """Ask a peer whether it is there, and say how fast it answers or why it does not."""
    import anyio

    with config_errors():
        destination = _destination(peer, config, ae_title)
    parallel = min(parallel, count)
    tally = Tally([], [])
    anyio.run(_echo_all, destination, count, parallel, tally, backend_options={"use_uvloop": True})
    typer.echo(_summary(destination, tally), err=not tally.seconds)
    if tally.failures:
        raise typer.Exit(EXIT_NO_ECHO)


def _destination(text: str, config: Path | None, ae_title: str | None) -> "Destination":
    from pydantic import ValidationError

    from pacsd.app import config_file, peers_file
    from pacsd.net.peers import Peer
    from pacsd.net.scu import Destination

    gathered = config_file.gather(config)
    settings = config_file.decode(gathered)
    peers = peers_file.load(gathered.peers_path, config_file.option_peers(gathered))
    peer = peers.find(text)
    if peer is None and "=" in text:
        try:
            peer = Peer.parse(text)
        except ValidationError as error:
            rule = error.errors()[0]["msg"]
            raise typer.BadParameter(f"{text!a}: {rule}", param_hint="PEER") from None
        except ValueError as error:
            raise typer.BadParameter(f"{text!a}: {error}", param_hint="PEER") from None
    if peer is None or peer.endpoint is None:
        known = ", ".join(known.ae_title for known in peers if known.endpoint)
        raise typer.BadParameter(
            f"{text!a} is no peer we can call; known: {known or 'none'}. AET=HOST:PORT will do.",
            param_hint="PEER",
        )
    own = ae_title or settings.ae[0].title
    return Destination(peer.endpoint, peer.ae_title, own)


async def _echo_all(destination: "Destination", count: int, parallel: int, tally: Tally) -> None:
    """`count` C-ECHOs over `parallel` associations, each of which is kept while it works."""
    import anyio

    from pacsd.net.pool import Pool
    from pacsd.net.scu import open_association

    pool = Pool(lambda: open_association(destination), parallel, idle_s=60)
    left = iter(range(count))

    async def caller() -> None:
        for _ in left:
            await _echo_once(pool, tally)

    async with anyio.create_task_group() as tasks:
        for _ in range(parallel):
            tasks.start_soon(caller)
    await pool.close()


async def _echo_once(pool: "Pool", tally: Tally) -> None:
    from pacsd.dicom.status import Status, describe
    from pacsd.net.errors import AssociationError

    started = time.perf_counter()
    try:
        async with pool.lease() as association:
            status = await association.echo()
    except AssociationError as error:
        tally.failures.append(str(error))
        return
    if status == Status.SUCCESS:
        tally.seconds.append(time.perf_counter() - started)
    else:
        tally.failures.append(describe(status))


def _summary(destination: "Destination", tally: Tally) -> str:
    whom = f"{destination.called_ae} at {destination.endpoint}"
    lines = [f"{whom}: {reason} ({count} x)" for reason, count in Counter(tally.failures).items()]
    if tally.seconds:
        times = sorted(tally.seconds)
        median_ms, worst_ms = times[len(times) // 2] * 1000, times[-1] * 1000
        lines.append(
            f"{whom}: {len(times)} C-ECHO answered, median {median_ms:.1f} ms, "
            f"longest {worst_ms:.1f} ms"
        )
    return "\n".join(lines)
