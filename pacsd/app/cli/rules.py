"""`pacsd rules check|test|explain|replay`: where studies would go, and why; nothing is sent."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.with_config import EXIT_CONFIG, ConfigOption
from pacsd.app.cli.with_daemon import (
    DataDirOption,
    JsonOption,
    ask_daemon,
    believe,
    print_answer,
    print_json,
)

if TYPE_CHECKING:
    from pacsd.app.cli.rules_files import Asked

UNITS_S = {"h": 3_600, "d": 86_400, "w": 604_800}
_US = 1_000_000

WithOption = Annotated[
    Path | None,
    typer.Option("--with", help="Another rule file, tried instead of the rules in force."),
]
PluginOption = Annotated[
    str,
    typer.Option("--plugin", help="Whose rules, if several plugins have some.", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("check")(check)
    group.command("test")(try_files)
    group.command("explain")(explain)
    group.command("replay")(replay)
    app.add_typer(group, name="rules", help="Where studies would go, and why; nothing is sent.")


def check(
    file: Annotated[
        Path | None,
        typer.Argument(help="A rule file; none = the rules in force.", show_default=False),
    ] = None,
    plugin: PluginOption = "",
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """See whether the running daemon can use a rule file, and has the targets that it names.

    Exit code 0 or 1. Whether targets work is not asked: `pacsd deliveries targets`.
    """
    from pacsd.app.admin.rule_records import RulesChecked

    name = _plugin(config, data_dir, plugin, must_explain=file is not None)
    answer = ask_daemon(config, data_dir, "rules.check", plugin=name, rules=_text(file))
    checked = believe(RulesChecked, answer)
    what = file or "the rules in force"
    for each in checked.missing:
        typer.echo(f"{what}: {each}", err=True)
    if checked.missing:
        raise typer.Exit(1)
    looked_at = ", ".join(checked.kinds) or "nothing"
    leads_to = ", ".join(checked.targets) or "nowhere"
    typer.echo(f"{what}: can be used; looks at {looked_at}; leads to {leads_to}")


def explain(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="Study Instance UID.")],
    with_: WithOption = None,
    plugin: PluginOption = "",
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Say where a stored study goes and what each rule says to that."""
    from pacsd.app.admin.rule_records import Explained
    from pacsd.app.cli.rules_report import describe_explained

    name = _plugin(config, data_dir, plugin, must_explain=with_ is not None)
    asked = {"plugin": name, "study": study, "rules": _text(with_)}
    answer = ask_daemon(config, data_dir, "rules.explain", **asked)
    print_answer(answer, Explained, describe_explained, as_json=as_json)


def try_files(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="DICOM files, or folders of them.")
    ],
    from_: Annotated[str, typer.Option("--from", help="AE title that would send them.")] = "TEST",
    called: Annotated[str, typer.Option(help="AE title that it would call.")] = "PACSD",
    labels: Annotated[str, typer.Option(help="Labels of the study, commas between.")] = "",
    with_: WithOption = None,
    plugin: PluginOption = "",
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Say where files would go that need not be in the archive, as if they were whole studies."""
    from pacsd.app.admin.rule_records import TrialAnswer
    from pacsd.app.cli.rules_files import subjects_of
    from pacsd.app.cli.rules_report import describe_trial

    name = _plugin(config, data_dir, plugin, must_explain=with_ is not None)
    asked = {
        "plugin": name,
        "rules": _text(with_),
        "calling_ae": from_,
        "called_ae": called,
        "labels": labels,
    }
    kinds = believe(
        list[str],
        ask_daemon(config, data_dir, "rules.kinds", plugin=name, rules=asked["rules"]),
    )
    found = subjects_of(files)
    for path, why in found.unreadable:
        typer.echo(f"{path}: {why}", err=True)
    answers = []
    for subject in _of_kinds(found.subjects, kinds):
        answer = ask_daemon(config, data_dir, "rules.test", **asked, **subject.arguments)
        answers.append(believe(TrialAnswer, answer))
    if as_json:
        from dataclasses import asdict

        print_json([asdict(each) for each in answers])
    else:
        for trial in answers:
            for line in describe_trial(trial):
                typer.echo(line)
    if found.unreadable or not found.subjects:
        raise typer.Exit(1)


def replay(
    since: Annotated[
        str, typer.Option("--since", help="Studies that got something since then: 12h, 7d, 4w.")
    ] = "7d",
    with_: WithOption = None,
    plugin: PluginOption = "",
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Say where stored studies would go, and with another rule file what changes. Nothing is sent.

    Exit code 0, 1 if something would go elsewhere, 2 if it could not be told.
    """
    from pacsd.app.admin.rule_records import ReplayReport
    from pacsd.app.cli.errand_progress import progress_bar
    from pacsd.app.cli.rules_report import describe_replay, replay_as_json
    from pacsd.app.cli.with_errand import run_errand, tell_failure

    name = _plugin(config, data_dir, plugin, must_explain=with_ is not None)
    since_us = int((time.time() - _seconds(since)) * _US)
    with progress_bar("studies") as advance:

        def show(report: ReplayReport) -> None:
            advance(report.studies, None)

        ended = run_errand(
            config,
            data_dir,
            "replay",
            ReplayReport,
            show,
            plugin=name,
            rules=_text(with_),
            since_us=max(0, since_us),
        )
    if ended.report is not None:
        if as_json:
            print_json(replay_as_json(ended.report))
        else:
            for line in describe_replay(ended.report, tries_others=with_ is not None):
                typer.echo(line)
    tell_failure(ended)
    changed = ended.report.changed if ended.report is not None else 0
    raise typer.Exit(ended.exit_code(1 if changed else 0))


def _plugin(config: Path | None, data_dir: str | None, name: str, *, must_explain: bool) -> str:
    """The plugin whose rules are meant, or say why that is not known and leave."""
    from pacsd.app.admin.rule_records import RulesPlugin

    known = believe(list[RulesPlugin], ask_daemon(config, data_dir, "rules.plugins"))
    meant = [
        each for each in known if name in {"", each.name} and (each.explains or not must_explain)
    ]
    if len(meant) == 1:
        return meant[0].name
    if meant:
        why = f"several plugins have rules: --plugin {' or '.join(each.name for each in meant)}"
    elif must_explain and known:
        why = "no plugin of the running daemon tries other rules; route_rules does"
    else:
        why = "no plugin of the running daemon has rules; see [plugins.route_rules]"
    typer.echo(why, err=True)
    raise typer.Exit(EXIT_CONFIG)


def _text(file: Path | None) -> str | None:
    """What a rule file says, or say why it cannot be read and leave."""
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        typer.echo(f"{file}: {why}", err=True)
        raise typer.Exit(EXIT_CONFIG) from None


def _seconds(text: str) -> int:
    number, unit = text[:-1], text[-1:]
    if unit not in UNITS_S or not (number.isascii() and number.isdigit()):
        typer.echo(f"--since {text!a}: is not like 12h, 7d or 4w", err=True)
        raise typer.Exit(EXIT_CONFIG)
    return int(number) * UNITS_S[unit]


def _of_kinds(subjects: "Iterable[Asked]", kinds: list[str]) -> "Iterable[Asked]":
    return (each for each in subjects if each.arguments["kind"] in kinds)
