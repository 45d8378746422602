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
from pacsd.api.transcoder import TARGETS, Transcoder
from pacsd.dicom.reencode import REENCODABLE, is_reencodable
from pacsd.net.transcoding import NO_WAYS, Ways

ASK_AGAIN_S = 60.0
"""So long a codec is done without that could not be had."""

PATIENCE_S = 5.0
"""So long what is to leave waits for plugins that were never asked before."""

LONGER_S = 5.0
"""Than the deadline of the hook, which the panel judges and counts."""

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
    is_known: bool = True

    def way(self, stored_uid: str, wanted_uid: str) -> Way | None:
        """How what is stored becomes what is wanted, if it does."""
        return self.ways.get(stored_uid, {}).get(wanted_uid)


UNKNOWN = Codecs(is_known=False)
"""The plugins have not answered yet."""


class CodecBook:
    """Asks the plugins, beside those who want to know; `now` is a monotonic clock."""

    def __init__(self, hook: Provider[Transcoder], now: Callable[[], float] = monotonic) -> None:
        self._hook = hook
        self._now = now
        self._none = Codecs()
        self._codecs = self._none
        self._wanted = anyio.Event()
        self._told = anyio.Event()
        self._asking: anyio.CancelScope | None = None
        self._asked: Lineup | None = None
        self._patience: tuple[Lineup, float] | None = None

    async def codecs(self) -> Codecs:
        """Those there are, as far as it is known: nobody waits for plugins that are asked again.

        Only those that were never asked have a few seconds: all who want to know wait together.
        Until they have answered `is_known` is False.
        """
        if not self._hook.is_implemented:
            return self._none
        if not self._is_current:
            self.refresh()
        with anyio.move_on_after(self._patience_s()):
            while not self._is_of_now:
                await self._told.wait()
        return self._codecs if self._is_of_now else UNKNOWN

    def refresh(self) -> None:
        """Have the plugins asked if there are others, or if they are to be asked again."""
        if self._asking is not None and self._asked is not self._hook.lineup:
            self._asking.cancel()
        self._wanted.set()

    async def run(self) -> None:
        """Ask them, at first and whenever it is wanted."""
        while True:
            self._wanted = anyio.Event()
            if self._is_current or not self._hook.is_implemented:
                await self._wanted.wait()
                continue
            self._asked = self._hook.lineup
            with anyio.CancelScope() as self._asking:
                self._codecs = await self._ask(self._asked)
            self._asking = None
            self._told.set()
            self._told = anyio.Event()

    def plugin_of(self, target_uid: str) -> str:
        """Who makes this Transfer Syntax."""
        return self._hook.plugin_of(target_uid)

    @property
    def _is_of_now(self) -> bool:
        return self._codecs.lineup is self._hook.lineup

    @property
    def _is_current(self) -> bool:
        return self._is_of_now and self._now() < self._codecs.ask_again_at

    def _patience_s(self) -> float:
        """How long those who are asked now may still take before it counts as no answer."""
        lineup = self._hook.lineup
        if self._patience is None or self._patience[0] is not lineup:
            self._patience = lineup, self._now() + PATIENCE_S
        return max(0.0, self._patience[1] - self._now())

    async def _ask(self, lineup: Lineup) -> Codecs:
        found, unanswered, failed = dict[str, Transcoder](), {*TARGETS}, set[str]()

        async def ask(target: str) -> None:
            try:
                found[target] = await self._hook(target)
            except NotProvided:
                pass
            except HookError as error:
                failed.add(target)
                _tell_missing(target, str(error))
            unanswered.remove(target)

        limit_s = self._hook.deadline_s + LONGER_S
        with anyio.move_on_after(limit_s):
            async with anyio.create_task_group() as tasks:
                for target in TARGETS:
                    tasks.start_soon(ask, target, name=f"codec for {target}")
        for target in sorted(unanswered):
            _tell_missing(target, f"no answer within {limit_s:g} s")
        sources: dict[str, frozenset[str]] = {}
        for target, transcoder in found.items():
            try:
                sources[target] = _sources_of(transcoder)
            except Exception as error:  # noqa: BLE001 - it is a plugin's, and may raise anything
                why = f"{self.plugin_of(target)}: sources: {type(error).__name__}"
                _tell_missing(target, why)
                failed.add(target)
        ways = ways_of(sources)
        offered = Ways({stored: tuple(wanted) for stored, wanted in ways.items()})
        ask_again_at = self._now() + ASK_AGAIN_S if failed | unanswered else inf
        return Codecs(found, ways, offered, lineup, ask_again_at)


def _tell_missing(target: str, why: str) -> None:
    _log.error("a codec cannot be had", transfer_syntax=target, why=why)


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
