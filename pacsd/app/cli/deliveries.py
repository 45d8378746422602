"""`pacsd deliveries`: what was sent where, with what answer; what waits, and what becomes of it."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.deliveries_report import (
    describe,
    describe_detail,
    describe_pause,
    describe_proof,
    describe_target,
)
from pacsd.app.cli.with_config import ConfigOption
from pacsd.app.cli.with_daemon import (
    DataDirOption,
    JsonOption,
    admin_errors,
    ask_daemon,
    believe,
    find_daemon,
    print_answer,
    print_json,
    print_page,
    who,
)

if TYPE_CHECKING:
    from pacsd.app.admin.delivery_records import DeliveredItem, DeliverySummary

NumberArgument = Annotated[int, typer.Argument(min=1, help="The delivery's, as `list` says.")]
TargetArgument = Annotated[str, typer.Argument(help="A target, as routes name it: peer:SITEB.")]
PauseArgument = Annotated[
    str, typer.Argument(help="A target; none: list those that are paused.", show_default=False)
]
StudyArgument = Annotated[str, typer.Argument(help="A Study Instance UID.")]
StateOption = Annotated[
    str, typer.Option("--state", help="open, delivered, refused, given_up or moved.")
]
TargetOption = Annotated[str, typer.Option("--target", help="To this target only.")]
StudyOption = Annotated[str, typer.Option("--study", help="Of this study only.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")]
AfterOption = Annotated[int, typer.Option("--after", min=0, help="From behind this number on.")]
OffOption = Annotated[bool, typer.Option("--off", help="Send to it again.")]

_AT_ONCE = 1_000
"""Instances, or deliveries, of one question to the daemon."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("list")(list_deliveries)
    for command in (show, retry, retarget, targets, pause, proof):
        group.command()(command)
    app.add_typer(group, name="deliveries", help="What was sent where, and what waits for that.")


def list_deliveries(
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    state: StateOption = "",
    target: TargetOption = "",
    study: StudyOption = "",
    limit: LimitOption = 100,
    after: AfterOption = 0,
    as_json: JsonOption = False,
) -> None:
    """List deliveries, the oldest first."""
    from pacsd.app.admin.delivery_records import DeliverySummary

    wanted = {"state": state, "target": target, "study": study}
    answer = ask_daemon(config, data_dir, "deliveries.list", **wanted, limit=limit + 1, after=after)
    print_page(
        answer,
        list[DeliverySummary],
        describe,
        limit=limit,
        as_json=as_json,
        nothing="nothing more" if after else "there are no such deliveries",
    )


def show(
    number: NumberArgument,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Print all about one delivery but its instances."""
    from pacsd.app.admin.delivery_records import DeliveryDetail

    answer = ask_daemon(config, data_dir, "deliveries.show", number=number)
    print_answer(answer, DeliveryDetail, describe_detail, as_json=as_json)


def retry(
    number: NumberArgument,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Have what is left of a delivery tried again at once, also what was refused."""
    from pacsd.app.admin.delivery_records import DeliverySummary

    answer = ask_daemon(config, data_dir, "deliveries.retry", number=number, actor=who())
    print_answer(answer, DeliverySummary, describe, as_json=as_json)


def retarget(
    number: NumberArgument,
    target: TargetArgument,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Send what is left of a delivery to another target."""
    from pacsd.app.admin.delivery_records import DeliverySummary

    named = {"number": number, "target": target, "actor": who()}
    answer = ask_daemon(config, data_dir, "deliveries.retarget", **named)
    print_answer(answer, DeliverySummary, describe, as_json=as_json)


def targets(
    config: ConfigOption = None, data_dir: DataDirOption = None, *, as_json: JsonOption = False
) -> None:
    """List targets: how many deliveries wait for each, and what holds them up."""
    from pacsd.app.admin.delivery_records import TargetSummary

    answer = ask_daemon(config, data_dir, "targets.list")
    print_answer(
        answer,
        list[TargetSummary],
        lambda rows: map(describe_target, rows),
        as_json=as_json,
        nothing="nothing waits for any target",
    )


def pause(
    target: PauseArgument = "",
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    off: OffOption = False,
    as_json: JsonOption = False,
) -> None:
    """Send nothing more to a target until `--off`, also over a restart; what runs ends."""
    from pacsd.app.admin.delivery_records import PausedTargetAnswer

    if not target:
        answer = ask_daemon(config, data_dir, "targets.paused")
        print_answer(
            answer,
            list[PausedTargetAnswer],
            lambda rows: (line for row in rows for line in describe_pause(row)),
            as_json=as_json,
            nothing="no target is paused",
        )
        return
    command = "targets.resume" if off else "targets.pause"
    answer = ask_daemon(config, data_dir, command, target=target, actor=who())
    print_answer(answer, PausedTargetAnswer, describe_pause, as_json=as_json)


def proof(
    study: StudyArgument,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Print what of a study was sent when and where, with status, digest and commitment.

    Exits with 1 if some of it has not been delivered, or nothing was to be.
    """
    ask = find_daemon(config, data_dir)
    with admin_errors():
        deliveries = list(_deliveries(ask, study))
        if as_json:
            print_json([_proved(each, list(_items(ask, each.number))) for each in deliveries])
        else:
            for line in describe_proof((each, _items(ask, each.number)) for each in deliveries):
                typer.echo(line)
    if not deliveries:
        typer.echo("nothing of this study was to be delivered", err=True)
    if not all(each.state == "delivered" for each in deliveries) or not deliveries:
        raise typer.Exit(1)


def _deliveries(ask: Callable[..., object], study: str) -> "Iterator[DeliverySummary]":
    from pacsd.app.admin.delivery_records import DeliverySummary

    after = 0
    while page := believe(
        list[DeliverySummary], ask("deliveries.list", study=study, after=after, limit=_AT_ONCE)
    ):
        yield from page
        after = page[-1].number


def _items(ask: Callable[..., object], number: int) -> "Iterator[DeliveredItem]":
    from pacsd.app.admin.delivery_records import DeliveredItem

    after = ""
    while page := believe(
        list[DeliveredItem], ask("deliveries.items", number=number, after=after, limit=_AT_ONCE)
    ):
        yield from page
        after = page[-1].sop_instance_uid


def _proved(delivery: "DeliverySummary", items: "list[DeliveredItem]") -> dict[str, object]:
    from dataclasses import asdict

    return {**asdict(delivery), "instances": [asdict(each) for each in items]}
