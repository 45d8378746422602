"""`pacsd hooks`: where plugins can take part, as this version has it. No daemon is asked."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pacsd.app.cli.with_daemon import JsonOption, print_json
from pacsd.app.cli.with_hook import see_that_it_is_a_hook

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pacsd.app.plugins.hook_pages import HookPage

WIDTH_IN_A_FILE = 200


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("hooks")(hooks)


def hooks(
    name: Annotated[
        str, typer.Argument(help="One hook, with all that is written about it; none = all.")
    ] = "",
    *,
    as_json: JsonOption = False,
) -> None:
    """List the hooks that plugins may implement, or explain one."""
    from pacsd.app.plugins.hook_pages import hook_page, hook_pages

    if name:
        see_that_it_is_a_hook(name)
        page = hook_page(name)
        if as_json:
            print_json(asdict(page))
        else:
            typer.echo("\n".join(_describe(page)))
    elif as_json:
        print_json([asdict(page) for page in hook_pages()])
    else:
        _print_table(hook_pages())


def _describe(page: "HookPage") -> "Iterator[str]":
    yield page.signature
    yield ""
    shared = "" if page.kind == "provider" else " for all plugins together"
    yield f"kind {page.kind}, policy {page.policy}, deadline {page.deadline_s:g} s{shared}"
    yield f"since {page.since}"
    yield ""
    yield page.documentation


def _print_table(pages: "Sequence[HookPage]") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for column in ("Hook", "Kind", "Policy", "Deadline", "Since"):
        table.add_column(column, no_wrap=True)
    table.add_column("What it is for")
    for page in pages:
        deadline = f"{page.deadline_s:g} s"
        table.add_row(page.name, page.kind, page.policy, deadline, page.since, page.summary)
    # A file or a pipe has no width that a line could be too long for.
    width = None if sys.stdout.isatty() else WIDTH_IN_A_FILE
    Console(markup=False, highlight=False, width=width).print(table)
