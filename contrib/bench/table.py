"""The Markdown table of a run: medians of the rounds, and how pacsd compares."""

from collections.abc import Iterable, Iterator, Sequence
from statistics import median

from contrib.bench.figures import Figure

OURS = "pacsd"

Taken = dict[str, dict[str, list[float | None]]]
"""Figure key -> peer -> one value per round; None where the server did not answer."""


def table(figures: Iterable[Figure], peers: Sequence[str], taken: Taken) -> Iterator[str]:
    """Yield the lines; a peer's value is followed by pacsd's divided by it."""
    yield f"| | {' | '.join(peers)} | rounds of pacsd | target |"
    yield "|---" * (len(peers) + 3) + "|"
    for figure in figures:
        by_peer = taken[figure.key]
        ours = middle(by_peer.get(OURS, ()))
        cells = (
            _cell(by_peer[peer], ours if figure.has_ratio and peer != OURS else None)
            if peer in by_peer
            else ""
            for peer in peers
        )
        extent = _extent(by_peer.get(OURS, ()))
        yield f"| {figure.title} | {' | '.join(cells)} | {extent} | {figure.target} |"


def middle(values: Iterable[float | None]) -> float | None:
    """The median of the rounds that gave a value."""
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _cell(values: Sequence[float | None], ours: float | None) -> str:
    value = middle(values)
    if value is None:
        return "no answer"
    if ours is None or value <= 0:
        return number_text(value)
    return f"{number_text(value)} (x{number_text(ours / value)})"


def _extent(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{number_text(min(known))} - {number_text(max(known))}" if known else ""


def number_text(value: float) -> str:
    """About three digits, thousands separated."""
    if abs(value) >= 100:  # noqa: PLR2004 - from here on three digits need no decimals
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 1 else f"{value:.2f}"
