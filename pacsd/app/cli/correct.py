"""`pacsd correct study|series|instance|list`: other values for attributes, wherever they leave."""

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.with_config import ConfigOption
from pacsd.app.cli.with_daemon import (
    DataDirOption,
    JsonOption,
    ask_daemon,
    local_time,
    print_answer,
    print_page,
    who,
)

if TYPE_CHECKING:
    from pacsd.app.admin.correction_records import CorrectedAttribute

LEVELS = ("study", "series", "instance")
FROM_INPUT = "-"

UidArgument = Annotated[
    str, typer.Argument(metavar="UID", help="Its unique key, a UID.", show_default=False)
]
ValuesArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="KEYWORD=VALUE...",
        help="What attributes are to say, such as PatientName=Doe^John; nothing behind = for none, "
        "- for what standard input says.",
        show_default=False,
    ),
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it is kept.", show_default=False)]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")]
AfterOption = Annotated[int, typer.Option("--after", min=0, help="From behind this number on.")]

_HELP = {
    "study": "Correct attributes of a study, or of its patient, in all studies of the same.",
    "series": "Correct attributes of a series.",
    "instance": "Correct attributes of one instance.",
}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    for level in LEVELS:
        group.command(level, help=_HELP[level])(_correct(level))
    group.command("list")(list_corrections)
    app.add_typer(
        group,
        name="correct",
        help="Correct attributes, wherever they leave; what is stored stays as it came.",
    )


def _correct(level: str) -> Callable[..., None]:
    def command(
        uid: UidArgument,
        values: ValuesArgument,
        reason: ReasonOption,
        config: ConfigOption = None,
        data_dir: DataDirOption = None,
        *,
        as_json: JsonOption = False,
    ) -> None:
        from pacsd.app.admin.correction_records import CorrectedAttribute

        answer = ask_daemon(
            config,
            data_dir,
            "correct.apply",
            level=level,
            uid=uid,
            values=_parsed(values),
            reason=reason,
            actor=who(),
        )
        print_answer(
            answer,
            list[CorrectedAttribute],
            lambda corrected: map(_describe_change, corrected),
            as_json=as_json,
            nothing="nothing to do: it was corrected so before",
        )

    return command


def list_corrections(
    uid: Annotated[
        str,
        typer.Argument(metavar="[UID]", help="Of this study, series or instance only."),
    ] = "",
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    limit: LimitOption = 100,
    after: AfterOption = 0,
    as_json: JsonOption = False,
) -> None:
    """List what was corrected, the oldest first; of an attribute the last one counts."""
    from pacsd.app.admin.correction_records import CorrectedAttribute

    answer = ask_daemon(config, data_dir, "correct.list", uid=uid, limit=limit + 1, after=after)
    print_page(
        answer,
        list[CorrectedAttribute],
        _describe,
        limit=limit,
        as_json=as_json,
        nothing="nothing more" if after else "nothing was corrected",
    )


def _parsed(values: list[str]) -> dict[str, str]:
    parsed: dict[str, str] = {}
    for each in values:
        keyword, equals, value = each.partition("=")
        if not equals or keyword in parsed:
            rule = "twice" if equals else "not KEYWORD=VALUE"
            raise typer.BadParameter(f"{keyword} is given {rule}")
        parsed[keyword] = value
    return {**parsed, **_from_input([each for each in parsed if parsed[each] == FROM_INPUT])}


def _from_input(keywords: list[str]) -> dict[str, str]:
    """What standard input says instead of the command line, which others see; less its last end."""
    if len(keywords) > 1:
        raise typer.BadParameter(f"only one value can come from standard input, not {keywords}")
    try:
        return {keyword: sys.stdin.read().removesuffix("\n") for keyword in keywords}
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"standard input is no {error.encoding} text") from None


def _describe_change(corrected: "CorrectedAttribute") -> str:
    old, new = _shown(corrected.old_value), _shown(corrected.new_value)
    return f"{corrected.keyword} of the {corrected.level}: {old} -> {new}"


def _describe(corrected: "CorrectedAttribute") -> Iterator[str]:
    yield f"correction {corrected.number}: {corrected.keyword} of {corrected.level} {corrected.uid}"
    yield f"  {_shown(corrected.old_value)} -> {_shown(corrected.new_value)}"
    yield f"  by {corrected.actor} at {local_time(corrected.corrected_at)}: {corrected.reason}"


def _shown(value: str | None) -> str:
    """A value that no terminal obeys."""
    if value is None:
        return "(what each object says)"
    return "".join(each if each.isprintable() else "?" for each in value) or "(nothing)"
