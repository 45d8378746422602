"""What commands share that are told the name of a hook."""

import typer

from pacsd.app.cli.with_config import EXIT_CONFIG


def see_that_it_is_a_hook(name: str) -> None:
    """Say that a name is no hook's, and which is meant, and leave."""
    from pacsd.api.hooks import HOOKS
    from pacsd.app.conf.setting_keys import nearest

    if name in HOOKS:
        return
    meant = nearest(name, list(HOOKS))
    hint = f"; did you mean {meant}?" if meant else "; `pacsd hooks` lists them"
    typer.echo(f"{name!a}: no such hook{hint}", err=True)
    raise typer.Exit(EXIT_CONFIG)
