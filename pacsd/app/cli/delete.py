"""`pacsd delete` and `pacsd restore-deleted`, of a study, a series or an instance."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.with_config import ConfigOption
from pacsd.app.cli.with_confirmation import YesOption, confirm
from pacsd.app.cli.with_daemon import (
    DataDirOption,
    JsonOption,
    ask_daemon,
    believe,
    print_answer,
    who,
)

if TYPE_CHECKING:
    from pacsd.app.admin.deletion_records import DeletionCount, DeletionDone

LEVELS = ("study", "series", "instance")

UidArgument = Annotated[
    str, typer.Argument(metavar="UID", help="Its unique key, a UID.", show_default=False)
]
StudyOption = Annotated[
    str,
    typer.Option(
        "--study", metavar="UID", help="The study it is in, of a series that is in several."
    ),
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it is kept.", show_default=False)]

_MB = 1_000_000


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for name, command, help_text in (
        ("delete", _delete, "Take objects out of sight; they can be restored for a while."),
        ("restore-deleted", _restore, "Show deleted objects again, whoever deleted them."),
    ):
        group = typer.Typer(no_args_is_help=True)
        for level in LEVELS:
            group.command(level, help=_HELP[level])(command(level))
        app.add_typer(group, name=name, help=help_text)


_HELP = {
    "study": "All that a study has now; not what is held of it.",
    "series": "All that a series has now.",
    "instance": "One instance; a held one, too.",
}


def _delete(level: str) -> Callable[..., None]:
    def command(
        uid: UidArgument,
        reason: ReasonOption,
        config: ConfigOption = None,
        data_dir: DataDirOption = None,
        *,
        study: StudyOption = "",
        yes: YesOption = False,
        as_json: JsonOption = False,
    ) -> None:
        from pacsd.app.admin.deletion_records import DeletionCount, DeletionDone

        named = {"level": level, "uid": uid, "study": study}
        counted = ask_daemon(config, data_dir, "deletion.count", **named)
        confirm(_question(believe(DeletionCount, counted)), yes=yes)
        answer = ask_daemon(
            config, data_dir, "deletion.delete", **named, reason=reason, actor=who()
        )
        print_answer(answer, DeletionDone, _describe("deleted"), as_json=as_json)

    return command


def _restore(level: str) -> Callable[..., None]:
    def command(
        uid: UidArgument,
        config: ConfigOption = None,
        data_dir: DataDirOption = None,
        *,
        study: StudyOption = "",
        as_json: JsonOption = False,
    ) -> None:
        from pacsd.app.admin.deletion_records import DeletionDone

        named = {"level": level, "uid": uid, "study": study}
        answer = ask_daemon(config, data_dir, "deletion.restore", **named, actor=who())
        print_answer(answer, DeletionDone, _describe("restored"), as_json=as_json)

    return command


def _question(counted: "DeletionCount") -> str:
    """What goes, without anything about the patient, and whether it comes back."""
    what = f"{counted.level} {counted.uid}"
    if counted.level != "study":
        what += f" of study {counted.study_instance_uid}"
    size = f"{counted.size_bytes / _MB:,.1f} MB"
    how_much = f"{counted.instances} instances in {counted.series} series, {size}"
    until = "at any time" if counted.keep_days is None else f"for {counted.keep_days:g} days"
    return f"{what}: {how_much}; restorable {until}. Delete?"


def _describe(done: str) -> "Callable[[DeletionDone], Iterator[str]]":
    def describe(answer: "DeletionDone") -> Iterator[str]:
        yield f"{answer.level} {answer.uid}: {answer.instances} instances {done}"

    return describe
