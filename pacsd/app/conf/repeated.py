"""AE titles that a list of tables gives twice."""

from collections.abc import Sequence

from pacsd.app.conf.decode import Problem, format_value
from pacsd.app.conf.errors import ConfigError
from pacsd.app.conf.sources import Sources


def repeated_titles(
    sources: Sources, titles: Sequence[str], table: str, key: str
) -> list[ConfigError]:
    """Return an error for each title given before, naming the place of the first."""
    errors: list[ConfigError] = []
    first: dict[str, int] = {}
    for index, title in enumerate(titles):
        before = first.setdefault(title, index)
        if before != index:
            place = sources.origin((table, before, key))
            rule = f"given twice, first at {place}"
            errors.append(sources.error(Problem((table, index, key), format_value(title), rule)))
    return errors
