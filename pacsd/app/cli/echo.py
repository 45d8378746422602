"""`pacsd echo`: ask a peer whether it is there (C-ECHO, PS3.4 annex A)."""

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.with_config import ConfigOption, config_errors
from pacsd.app.cli.with_peer import PeerArgument, find_peer

if TYPE_CHECKING:
    from pacsd.net.peers import Peer
    from pacsd.net.pool import Pool
    from pacsd.net.settings import DimseSettings

EXIT_NO_ECHO = 1

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
    peer: PeerArgument,
    config: ConfigOption = None,
    ae_title: Calling = None,
    count: Count = 1,
    parallel: Parallel = 1,
) -> None:
    """Ask a peer whether it is there, and say how fast it answers or why it does not."""
    import anyio

    with config_errors():
        found, settings = find_peer(peer, config)
    # How many at once is the caller's word here, not the peer's table.
    whom = found.model_copy(update={"connections": min(parallel, count)})
    own = ae_title or settings.ae[0].title
    tally = Tally([], [])
    options = {"use_uvloop": True}
    anyio.run(_echo_all, whom, own, settings.dimse, count, tally, backend_options=options)
    typer.echo(_summary(whom, tally), err=not tally.seconds)
    if tally.failures:
        raise typer.Exit(EXIT_NO_ECHO)


async def _echo_all(
    peer: "Peer", calling_ae: str, settings: "DimseSettings", count: int, tally: Tally
) -> None:
    """`count` C-ECHOs over the peer's pool, as many at once as that has associations."""
    import anyio

    from pacsd.net.pool import Pools

    pools = Pools(calling_ae, settings)
    left = iter(range(count))

    async def caller() -> None:
        for _ in left:
            await _echo_once(pools.to(peer), tally)

    async with anyio.create_task_group() as tasks:
        for _ in range(peer.connections):
            tasks.start_soon(caller)
    await pools.close()


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


def _summary(peer: "Peer", tally: Tally) -> str:
    whom = f"{peer.ae_title} at {peer.endpoint}"
    lines = [f"{whom}: {reason} ({count} x)" for reason, count in Counter(tally.failures).items()]
    if tally.seconds:
        times = sorted(tally.seconds)
        median_ms, worst_ms = times[len(times) // 2] * 1000, times[-1] * 1000
        lines.append(
            f"{whom}: {len(times)} C-ECHO answered, median {median_ms:.1f} ms, "
            f"longest {worst_ms:.1f} ms"
        )
    return "\n".join(lines)
