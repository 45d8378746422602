"""The example files and the documentation of settings, written from the settings classes."""

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path

from pydantic.fields import FieldInfo

from pacsd.api.settings import Settings
from pacsd.app.conf.peers_file import PeersFile
from pacsd.app.conf.setting_keys import SettingKey, inner_model, nearest, setting_keys
from pacsd.app.conf.settings import Config

WIDTH = 98
_CONFIG_HEAD = """\
pacsd.toml: the configuration of pacsd. Every key stands here with its default: `#key = value`.
Remove the # to change it. A key behind ## has no value unless you give one. Written by
`make docs` from the settings classes.

Read it with `pacsd serve --config pacsd.toml`; `pacsd check --config pacsd.toml` says all that
is wrong with it, `pacsd conf describe KEY` explains a key and `pacsd conf show` tells which value
holds and where it comes from. An option of the command line goes before an environment variable,
that before this file. The short variables are PACSD_CONFIG (this file), PACSD_DATA_DIR,
PACSD_DIMSE, PACSD_HTTP, PACSD_AE_TITLE and PACSD_PEER (AET=HOST:PORT, separated by commas). In a
variable a list is separated by commas; a list of tables, such as PACSD_AE, is JSON, and so are the
values of plugins (PACSD_PLUGINS__STORE_FS__THREADS=8) that are no plain text."""
_PEERS_HEAD = """\
peers.toml: the DICOM peers that pacsd knows, read again on SIGHUP; a file with an error changes
nothing. One [[peer]] for each. Remove the # to give a key; a key behind ## has no value unless you
give one. Written by `make docs` from the settings classes."""


def render_config() -> str:
    """Write conf/pacsd.toml."""
    return "\n".join([*_comment(_CONFIG_HEAD), *_render_tables(Config, has_environment=True), ""])


def render_peers() -> str:
    """Write conf/peers.toml."""
    return "\n".join(
        [*_comment(_PEERS_HEAD), *_render_tables(PeersFile, has_environment=False), ""]
    )


def example_files() -> dict[Path, str]:
    """Return the text of each generated file by its path in the repository."""
    return {
        Path("conf/pacsd.toml"): render_config(),
        Path("conf/peers.toml"): render_peers(),
    }


def describe(name: str = "") -> str:
    """Explain a key (`dimse.listen`), the keys of a table (`dimse`, `peer`) or all.

    Raises:
        KeyError: there is no such key; its argument says so and names the nearest.
    """
    keys = [(key, True) for key in setting_keys(Config)]
    keys += [(key, False) for key in setting_keys(PeersFile)]
    wanted = [
        _describe_key(key, has_environment=has_environment)
        for key, has_environment in keys
        if not name or key.dotted == name or key.dotted.startswith(f"{name}.")
    ]
    if not wanted:
        meant = _nearest_key(name, [key.dotted for key, _ in keys])
        hint = f"; did you mean {meant}?" if meant else ""
        raise KeyError(f"{name}: no such key{hint}")
    return "\n\n".join(wanted)


def toml_value(value: object) -> str:
    """Write a value as TOML; a None, which TOML has not, is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, tuple | list):
        return f"[{', '.join(toml_value(item) for item in value)}]"
    if isinstance(value, dict):
        pairs = (f"{json.dumps(str(key))} = {toml_value(item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _render_tables(model: type[Settings], *, has_environment: bool) -> Iterator[str]:
    """Yield the lines of the keys outside tables, then those of each table."""
    keys = list(setting_keys(model))
    for key in keys:
        if len(key.path) == 1 and not _is_table(key.field):
            yield from _render_key(key, has_environment=has_environment)
    for name, field in model.model_fields.items():
        if _is_table(field):
            yield from ("", "", *_comment(_table_documentation(field)))
            yield _header(name, field)
            inside = [key for key in keys if key.path[0] == name and len(key.path) > 1]
            for key in inside:
                yield from _render_key(key, has_environment=has_environment)


def _is_table(field: FieldInfo) -> bool:
    default = field.get_default(call_default_factory=True, validated_data={})
    return inner_model(field) is not None or isinstance(default, dict)


def _header(name: str, field: FieldInfo) -> str:
    """Write `[table]` or `[[table]]`, commented when the table cannot stand empty."""
    inner = inner_model(field)
    brackets = f"[[{name}]]" if inner and field.annotation is not inner else f"[{name}]"
    is_incomplete = inner and any(key.is_required() for key in inner.model_fields.values())
    return f"#{brackets}" if is_incomplete else brackets


def _table_documentation(field: FieldInfo) -> str:
    inner = inner_model(field)
    return _one_line((inner.__doc__ if inner else field.description) or "")


def _render_key(key: SettingKey, *, has_environment: bool) -> Iterator[str]:
    yield ""
    yield from _comment(key.documentation)
    yield from _comment(_facts(key, has_environment=has_environment))
    if key.default is None and not key.field.is_required():
        yield f"##{key.path[-1]} = {_example(key)}"
    else:
        yield f"#{key.path[-1]} = {toml_value(key.default) or _example(key)}"


def _example(key: SettingKey) -> str:
    return toml_value(next(iter(key.field.examples or ()), None))


def _describe_key(key: SettingKey, *, has_environment: bool) -> str:
    default = toml_value(key.default)
    head = f"{key.dotted} = {default}" if default else key.dotted
    texts = (key.documentation, _facts(key, has_environment=has_environment))
    indented = [textwrap.indent(textwrap.fill(text, WIDTH), "    ") for text in texts if text]
    return "\n".join([head, *indented])


def _facts(key: SettingKey, *, has_environment: bool) -> str:
    """Say what follows from the declaration: limits and the environment variable."""
    facts = ["Required."] if key.field.is_required() else []
    if key.bounds:
        facts.append(f"{key.bounds[0].upper()}{key.bounds[1:]}.")
    if has_environment and not key.is_in_list:
        facts.append(f"Environment: {key.environment_name}.")
    return " ".join(facts)


def _nearest_key(name: str, known: list[str]) -> str | None:
    by_last_name = {dotted.rpartition(".")[2]: dotted for dotted in reversed(known)}
    last = nearest(name.rpartition(".")[2], list(by_last_name))
    return nearest(name, known) or (by_last_name[last] if last else None)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _comment(text: str) -> Iterator[str]:
    """Yield the text as comment lines, an empty one between paragraphs."""
    for number, paragraph in enumerate(text.split("\n\n")):
        if number:
            yield "#"
        for line in textwrap.wrap(paragraph, WIDTH, break_on_hyphens=False):
            yield f"# {line}"
