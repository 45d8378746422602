"""The codecs that plugins have: asked for once, and what objects can be made into by them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf
from time import monotonic

import anyio
import structlog

from pacsd.api.dispatch.lineup import Lineup
from pacsd.api.dispatch.provider import Provider
from pacsd.api.errors import HookError, NotProvided
from pacsd.api.hooks import hook_facts
from pacsd.api.transcoder import TARGETS, Transcoder
from pacsd.dicom.reencode import REENCODABLE, is_reencodable
from pacsd.net.transcoding import NO_WAYS, Ways

ASK_AGAIN_S = 60.0
"""So long a codec is done without that could not be had."""

_log = structlog.get_logger("pacsd.plugins")


@dataclass(frozen=True, slots=True)
class Way:
    """How an object gets into another Transfer Syntax.

    A codec is given it in one, and makes another of it. Where the first is not what is stored, or
    the second not what is wanted, both are uncompressed, and the core re-encodes it.
    """

    given: str
    made: str


@dataclass(frozen=True, slots=True)
class Codecs:
    """Those there are from one reload to the next, by the UID of what they make.

    `ways` are by the UIDs of what is stored and what is wanted.
    """

    transcoders: Mapping[str, Transcoder] = field(default_factory=dict)
    ways: Mapping[str, Mapping[str, Way]] = field(default_factory=dict)
    offered: Ways = NO_WAYS
    lineup: Lineup = field(default_factory=lambda: Lineup(()))
    ask_again_at: float = inf

    def way(self, stored_uid: str, wanted_uid: str) -> Way | None:
        """How what is stored becomes what is wanted, if it does."""
        return self.ways.get(stored_uid, {}).get(wanted_uid)


class CodecBook:
    """Asks the plugins; `now` is a monotonic clock."""

    def __init__(self, hook: Provider[Transcoder], now: Callable[[], float] = monotonic) -> None:
        self._hook = hook
        self._now = now
        self._none = Codecs()
        self._codecs = self._none
        self._asking = anyio.Lock()

    async def codecs(self) -> Codecs:
        """Those there are now."""
        if not self._hook.is_implemented:
            return self._none
        if not self._is_current:
            async with self._asking:
                if not self._is_current:
                    self._codecs = await self._ask()
        return self._codecs

    def plugin_of(self, target_uid: str) -> str:
        """Who makes this Transfer Syntax."""
        return self._hook.plugin_of(target_uid)

    @property
    def _is_current(self) -> bool:
        known = self._codecs
        return known.lineup is self._hook.lineup and self._now() < known.ask_again_at

    async def _ask(self) -> Codecs:
        lineup, found, failed = self._hook.lineup, dict[str, Transcoder](), {*TARGETS}
        with anyio.move_on_after(hook_facts("pacsd_transcoder").deadline_s):
            for target in TARGETS:
                try:
                    found[target] = await self._hook(target)
                except NotProvided:
                    pass
                except HookError as error:
                    _log.error("a codec cannot be had", transfer_syntax=target, why=str(error))
                    continue
                failed.remove(target)
        sources: dict[str, frozenset[str]] = {}
        for target, transcoder in found.items():
            try:
                sources[target] = _sources_of(transcoder)
            except Exception as error:  # noqa: BLE001 - it is a plugin's, and may raise anything
                why = f"{self.plugin_of(target)}: sources: {type(error).__name__}"
                _log.error("a codec cannot be had", transfer_syntax=target, why=why)
                failed.add(target)
        ways = ways_of(sources)
        offered = Ways({stored: tuple(wanted) for stored, wanted in ways.items()})
        ask_again_at = self._now() + ASK_AGAIN_S if failed else inf
        return Codecs(found, ways, offered, lineup, ask_again_at)


def ways_of(sources: Mapping[str, frozenset[str]]) -> dict[str, dict[str, Way]]:
    """The ways there are with codecs that take these sources, by what is stored and wanted.

    `sources` are by what is made. Of several ways to the same the one without re-encoding is taken;
    what the core re-encodes by itself is none.
    """
    found: dict[str, dict[str, Way]] = {}
    for is_direct in (True, False):
        for made in (target for target in TARGETS if target in sources):
            for stored, given in _given(sources[made]):
                for wanted in (made,) if is_direct else _alike(made):
                    if not is_reencodable(stored, wanted):
                        found.setdefault(stored, {}).setdefault(wanted, Way(given, made))
    return {stored: dict(_ordered(ways)) for stored, ways in found.items()}


def _given(sources: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Each Transfer Syntax that objects may be stored in, with that in which a codec is given them.

    What may be re-encoded is if it has to.
    """
    yield from ((uid, uid) for uid in sorted(sources))
    best = next((uid for uid in REENCODABLE if uid in sources), None)
    if best is not None:
        yield from ((uid, best) for uid in REENCODABLE if uid not in sources)


def _alike(made: str) -> tuple[str, ...]:
    """What the core can re-encode to."""
    return REENCODABLE if made in REENCODABLE else ()


def _ordered(ways: Mapping[str, Way]) -> Iterable[tuple[str, Way]]:
    order = [*REENCODABLE, *TARGETS]
    return sorted(ways.items(), key=lambda each: order.index(each[0]))


def _sources_of(transcoder: Transcoder) -> frozenset[str]:
    sources: object = transcoder.sources
    if not isinstance(sources, frozenset) or not all(isinstance(each, str) for each in sources):
        raise TypeError("sources: not a frozenset of text")
    return frozenset(map(str, sources))
