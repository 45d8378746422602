"""`pacsd quarantine list|held|show|diff|release|discard`: what is kept, but not shown."""

from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.quarantine_report import (
    describe_detail,
    describe_held,
    describe_released,
    describe_version,
    warn_of_release,
)
from pacsd.app.cli.with_config import ConfigOption
from pacsd.app.cli.with_confirmation import YesOption, confirm
from pacsd.app.cli.with_daemon import (
    EXIT_REFUSED,
    DataDirOption,
    JsonOption,
    admin_errors,
    ask_daemon,
    believe,
    find_daemon,
    print_answer,
    print_page,
    who,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pacsd.archive.difference import Comparison

MAX_NAMED = 20
"""Elements on one line."""

MAX_ASKED_ABOUT = 10
"""So many numbers stand in a question; of more it says how many."""

NumberArgument = Annotated[
    int, typer.Argument(min=1, help="As `list` says it.", show_default=False)
]
NumbersArgument = Annotated[
    list[int],
    typer.Argument(min=1, metavar="NUMBERS...", help="As `list` says them.", show_default=False),
]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")]
AfterOption = Annotated[int, typer.Option("--after", min=0, help="From behind this number on.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("list")(list_versions)
    group.command("held")(held)
    group.command("show")(show)
    group.command("diff")(diff)
    group.command("release")(release)
    group.command("discard")(discard)
    app.add_typer(group, name="quarantine", help="What is kept, but not shown: decide about it.")


def list_versions(
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    limit: LimitOption = 100,
    after: AfterOption = 0,
    as_json: JsonOption = False,
) -> None:
    """List the versions in quarantine: other data sets under a SOP Instance UID that is taken."""
    from pacsd.app.admin.quarantine_records import VersionSummary

    answer = ask_daemon(config, data_dir, "quarantine.list", limit=limit + 1, after=after)
    print_page(
        answer,
        list[VersionSummary],
        describe_version,
        limit=limit,
        as_json=as_json,
        nothing="nothing more" if after else "nothing is in quarantine",
    )


def held(
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    limit: LimitOption = 100,
    after: AfterOption = 0,
    as_json: JsonOption = False,
) -> None:
    """List the held instances: they name another patient than their study has."""
    from pacsd.app.admin.quarantine_records import HeldSummary

    answer = ask_daemon(config, data_dir, "quarantine.held", limit=limit + 1, after=after)
    print_page(
        answer,
        list[HeldSummary],
        describe_held,
        limit=limit,
        as_json=as_json,
        nothing="nothing more" if after else "nothing is held",
    )


def show(
    number: NumberArgument,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Print all about one version, values of the patient among them."""
    from pacsd.app.admin.quarantine_records import VersionDetail

    answer = ask_daemon(config, data_dir, "quarantine.show", number=number)
    print_answer(answer, VersionDetail, describe_detail, as_json=as_json)


def diff(
    number: NumberArgument,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Compare a version with what is stored, element by element; both files are read."""
    from pacsd.archive.difference import Comparison

    answer = ask_daemon(config, data_dir, "quarantine.diff", number=number)
    print_answer(answer, Comparison, _describe_comparison, as_json=as_json)


def release(
    number: NumberArgument,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    yes: YesOption = False,
) -> None:
    """Make a version the instance of its UID; the one that is it now takes its place here."""
    from pacsd.app.admin.quarantine_records import ReleasedAnswer, VersionDetail

    detail = believe(VersionDetail, ask_daemon(config, data_dir, "quarantine.show", number=number))
    question = f"Show version {number} instead of what is stored now?"
    if detail.stored is None:
        question = f"Show version {number}, which nobody sees yet?"
    if detail.would_be_held:
        for line in warn_of_release(detail):
            typer.echo(line, err=True)
        question = f"Release version {number} all the same, so that neither is shown?"
    confirm(question, yes=yes)
    answer = ask_daemon(config, data_dir, "quarantine.release", number=number, actor=who())
    for line in describe_released(number, believe(ReleasedAnswer, answer)):
        typer.echo(line)


def discard(
    numbers: NumbersArgument,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    yes: YesOption = False,
) -> None:
    """Give versions up: their files are removed for good. One that fails stops no other."""
    from pacsd.app.admin.unix_socket import AdminError, NoDaemonError

    chosen = list(dict.fromkeys(numbers))
    confirm(_question(chosen), yes=yes)
    ask, actor, failed = find_daemon(config, data_dir), who(), 0
    with admin_errors():
        for number in chosen:
            try:
                ask("quarantine.discard", number=number, actor=actor)
            except NoDaemonError:
                raise
            except AdminError as error:
                typer.echo(f"version {number} is not discarded: {error}", err=True)
                failed += 1
            else:
                typer.echo(f"version {number} is gone")
    if failed:
        raise typer.Exit(EXIT_REFUSED)


def _question(numbers: "Sequence[int]") -> str:
    if len(numbers) == 1:
        return f"Remove version {numbers[0]} and its file for good?"
    which = f"{len(numbers)} versions"
    if len(numbers) <= MAX_ASKED_ABOUT:
        which = f"versions {', '.join(map(str, numbers))}"
    return f"Remove {which} and their files for good?"


def _describe_comparison(found: "Comparison") -> "Iterator[str]":
    for each in found.differences:
        where = f"{each.path}/" if each.path else ""
        yield f"{each.tag} {where}{each.keyword}".rstrip()
        yield f"  - {_value(each.first)}"
        yield f"  + {_value(each.second)}"
    if not found.differences:
        yield from _describe_writing(found)
    if found.is_cut:
        yield "... and more"
    for which, fault in (("stored", found.first_fault), ("version", found.second_fault)):
        if fault:
            yield f"the {which} one was read in part only: {fault}"


def _describe_writing(found: "Comparison") -> "Iterator[str]":
    """What of two data sets differs that have the same values."""
    if found.is_cut or found.first_fault or found.second_fault:
        yield "no element differs, as far as they were read"
    elif found.written_otherwise:
        yield "no element differs"
    else:
        yield (
            "no element differs: the same values are written in two ways (Transfer Syntax, lengths "
            "of sequences, order, group lengths, trailing padding)"
        )
    for what in dict.fromkeys(each.what for each in found.written_otherwise):
        names = [
            f"{each.tag} {each.path}{'/' if each.path else ''}{each.keyword}".rstrip()
            for each in found.written_otherwise
            if each.what == what
        ]
        more = ", ..." if len(names) > MAX_NAMED else ""
        yield f"the values differ only in {what}: {', '.join(names[:MAX_NAMED])}{more}"


def _value(value: str | None) -> str:
    return "(not there)" if value is None else value
