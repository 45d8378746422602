"""`pacsd jobs`: what waits to be done, runs, or could not be done; and what is to become of it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.with_config import ConfigOption
from pacsd.app.cli.with_daemon import (
    DataDirOption,
    JsonOption,
    admin_errors,
    ask_daemon,
    believe,
    find_daemon,
    local_time,
    print_answer,
    print_json,
    print_page,
    who,
)

if TYPE_CHECKING:
    from pacsd.app.admin.job_records import JobDetail, JobSummary

NumberArgument = Annotated[int, typer.Argument(min=1, help="The job's, as `list` says.")]
QueueArgument = Annotated[str, typer.Argument(help="A destination, a consumer of events, ...")]
StateOption = Annotated[
    str, typer.Option("--state", help="waiting, leased, done, dead or cancelled.")
]
QueueOption = Annotated[str, typer.Option("--queue", help="Of this queue only.")]
KindOption = Annotated[str, typer.Option("--kind", help="Of this kind only.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")]
AfterOption = Annotated[int, typer.Option("--after", min=0, help="From behind this number on.")]
OffOption = Annotated[bool, typer.Option("--off", help="Work at the queue again.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("list")(list_jobs)
    for command in (show, retry, cancel, retarget, drain):
        group.command()(command)
    app.add_typer(group, name="jobs", help="What waits to be done, or could not be done.")


def list_jobs(
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    state: StateOption = "",
    queue: QueueOption = "",
    kind: KindOption = "",
    limit: LimitOption = 100,
    after: AfterOption = 0,
    as_json: JsonOption = False,
) -> None:
    """List jobs, the oldest first."""
    from pacsd.app.admin.job_records import JobSummary

    wanted = {"state": state, "queue": queue, "kind": kind}
    answer = ask_daemon(config, data_dir, "jobs.list", **wanted, limit=limit + 1, after=after)
    print_page(
        answer,
        list[JobSummary],
        describe,
        limit=limit,
        as_json=as_json,
        nothing="nothing more" if after else "there are no such jobs",
    )


def show(
    number: NumberArgument,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Print all about one job."""
    from pacsd.app.admin.job_records import JobDetail

    answer = ask_daemon(config, data_dir, "jobs.show", number=number)
    print_answer(answer, JobDetail, describe_detail, as_json=as_json)


def retry(
    number: NumberArgument,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Have a dead or cancelled job tried again at once."""
    _steer(config, data_dir, "jobs.retry", as_json=as_json, number=number)


def cancel(
    number: NumberArgument,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Have a job not done; if it runs, it is broken off."""
    _steer(config, data_dir, "jobs.cancel", as_json=as_json, number=number)


def retarget(
    number: NumberArgument,
    queue: QueueArgument,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Give a job that does not run to another queue."""
    _steer(config, data_dir, "jobs.retarget", as_json=as_json, number=number, queue=queue)


def drain(
    queue: QueueArgument,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    off: OffOption = False,
    as_json: JsonOption = False,
) -> None:
    """Begin no more jobs of a queue, and wait for those that run; until `--off`, or a restart."""
    from pacsd.app.admin.job_records import DrainState

    ask = find_daemon(config, data_dir)
    if off:
        with admin_errors():
            answer = ask("jobs.resume", queue=queue, actor=who())
    else:
        answer = _drained(ask, queue)
    if as_json:
        print_json(answer)
    else:
        state = believe(DrainState, answer)
        typer.echo(f"queue {state.queue} is {'drained' if state.is_drained else 'worked at again'}")


def _drained(ask: Callable[..., object], queue: str) -> object:
    """Ask until nothing of the queue runs; each time the daemon waits a while."""
    from pacsd.app.admin.job_records import DrainState

    last = -1
    while True:
        with admin_errors():
            answer = ask("jobs.drain", queue=queue, actor=who())
        running = believe(DrainState, answer).running
        if not running:
            return answer
        if running != last:
            typer.echo(f"{running} jobs of queue {queue} run yet", err=True)
        last = running


def _steer(
    config: Path | None, data_dir: str | None, command: str, *, as_json: bool, **named: object
) -> None:
    from pacsd.app.admin.job_records import JobSummary

    answer = ask_daemon(config, data_dir, command, **named, actor=who())
    print_answer(answer, JobSummary, describe, as_json=as_json)


def describe(job: "JobSummary") -> Iterator[str]:
    """A job in a few lines."""
    yield f"job {job.number}: {job.state}, {job.kind} for {job.queue} ({job.priority})"
    times = f"created {local_time(job.created_at)}"
    if job.state == "waiting" and job.not_before is not None:
        times += f", not before {local_time(job.not_before)}"
    if job.ended_at is not None:
        times += f", ended {local_time(job.ended_at)}"
    yield f"  {times}, {job.attempts} of {job.max_attempts} attempts"
    if job.explanation:
        yield f"  {_printable(job.explanation)}"


def describe_detail(detail: "JobDetail") -> Iterator[str]:
    """All about a job."""
    yield from describe(detail.summary)
    yield f"  created by {_printable(detail.created_by) or '(not noted)'}"
    named = {"unique key": detail.unique_key, "window": detail.window, "payload": detail.payload}
    yield from (f"  {name} {_printable(value)}" for name, value in named.items() if value)
    if detail.expires_at is not None:
        yield f"  dead if it has not begun at {local_time(detail.expires_at)}"
    if detail.leased_until is not None:
        yield f"  leased until {local_time(detail.leased_until)}"


def _printable(text: str) -> str:
    from pacsd.dicom.text import printable

    return printable(text)
