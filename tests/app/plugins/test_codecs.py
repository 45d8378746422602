"""The codecs there are, and the ways that objects can go by them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from time import monotonic

import anyio
import pytest
from structlog.testing import capture_logs

from pacsd.api.errors import HookError
from pacsd.api.hooks import hookimpl
from pacsd.api.transcoder import TARGETS, Transcoder
from pacsd.app.plugins import codecs
from pacsd.app.plugins.codecs import CodecBook, Codecs, Way, ways_of
from pacsd.dicom.reencode import REENCODABLE
from pacsd.dicom.registry import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from pacsd.net.transcoding import NO_WAYS
from pacsd.testing.object_home import ObjectHome
from tests.api.hookspecs.hooks_of import hooks_of
from tests.app.plugins.unwrapping import LONG, WRAPPED, Hanging, Plugin, Unwrapping

RLE, JPEG_LS, J2K = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90"
EXPLICIT, IMPLICIT = EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN


def test_what_is_decoded_can_be_had_in_every_uncompressed_encoding() -> None:
    assert ways_of({EXPLICIT: frozenset({RLE})}) == {
        RLE: {uid: Way(RLE, EXPLICIT) for uid in REENCODABLE}
    }


def test_the_best_to_have_comes_first() -> None:
    takes = frozenset({J2K})
    ways = ways_of({RLE: takes, JPEG_LS: takes, EXPLICIT: takes})
    assert tuple(ways[J2K]) == (*REENCODABLE, RLE, JPEG_LS)


def test_what_makes_it_itself_goes_before_what_has_to_be_encoded_anew() -> None:
    ways = ways_of({EXPLICIT: frozenset({RLE}), IMPLICIT: frozenset({RLE})})
    assert ways[RLE][IMPLICIT] == Way(RLE, IMPLICIT)
    assert ways[RLE][EXPLICIT_VR_BIG_ENDIAN] == Way(RLE, EXPLICIT)


def test_a_codec_is_given_uncompressed_objects_in_an_encoding_that_it_takes() -> None:
    ways = ways_of({JPEG_LS: frozenset({EXPLICIT, EXPLICIT_VR_BIG_ENDIAN})})
    assert {stored: way[JPEG_LS].given for stored, way in ways.items()} == {
        EXPLICIT: EXPLICIT,
        EXPLICIT_VR_BIG_ENDIAN: EXPLICIT_VR_BIG_ENDIAN,
        IMPLICIT: EXPLICIT,
        DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN: EXPLICIT,
    }


def test_what_the_core_does_itself_is_no_way() -> None:
    assert ways_of({EXPLICIT: frozenset({IMPLICIT, EXPLICIT})}) == {}
    assert ways_of({RLE: frozenset({RLE})}) == {}
    assert ways_of({}) == {}


@asynccontextmanager
async def running(book: CodecBook) -> AsyncGenerator[CodecBook, None]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(book.run)
        yield book
        tasks.cancel_scope.cancel()


async def found_of(*plugins: object) -> Codecs:
    async with running(CodecBook(hooks_of(*plugins).transcoder)) as book:
        return await book.codecs()


async def test_nobody_is_asked_where_nobody_implements_the_hook() -> None:
    found = await found_of()
    assert found.offered is NO_WAYS
    assert found.way(RLE, EXPLICIT) is None
    assert found.is_known


async def test_plugins_are_asked_once() -> None:
    plugin = Plugin()
    async with running(CodecBook(hooks_of(plugin).transcoder)) as book:
        found = await book.codecs()
        assert await book.codecs() is found
    assert plugin.asked == [*TARGETS]
    assert found.transcoders == {EXPLICIT: plugin.transcoder}
    assert found.offered.of(WRAPPED) == REENCODABLE
    assert found.way(WRAPPED, IMPLICIT) == Way(WRAPPED, EXPLICIT)
    assert book.plugin_of(EXPLICIT) == "acme"


async def test_a_reload_has_others_asked() -> None:
    before, after = Plugin(), Plugin(None, JPEG_LS)
    hooks = hooks_of(before)
    async with running(CodecBook(hooks.transcoder)) as book:
        assert {*(await book.codecs()).transcoders} == {EXPLICIT}
        hooks.replace({"new": ObjectHome("new", after)}, ("acme",))
        assert {*(await book.codecs()).transcoders} == {JPEG_LS}
        hooks.replace({}, ("new",))
        assert (await book.codecs()).offered is NO_WAYS


async def test_what_failed_is_asked_for_again_after_a_while() -> None:
    now, errors = [0.0], list[HookError]()
    plugin = Plugin(error=OSError("no licence"))
    async with running(
        CodecBook(hooks_of(plugin, errors=errors).transcoder, lambda: now[0])
    ) as book:
        with capture_logs() as logs:
            assert (await book.codecs()).offered.of(WRAPPED) == ()
        assert {each["event"] for each in logs} == {"a codec cannot be had"}
        assert {each["transfer_syntax"] for each in logs} == {*TARGETS}
        asked = len(plugin.asked)
        now[0] = codecs.ASK_AGAIN_S - 1
        await book.codecs()
        await anyio.wait_all_tasks_blocked()
        assert len(plugin.asked) == asked
        now[0] = codecs.ASK_AGAIN_S
        with capture_logs() as logs:
            await book.codecs()
            await anyio.wait_all_tasks_blocked()
        assert len(logs) == len(TARGETS)
    assert errors


class Turning(Plugin):
    """Has what it has, fails for one, and when it is asked for that again it hangs."""

    def __init__(self) -> None:
        super().__init__()
        self.hangs = False

    @hookimpl
    async def pacsd_transcoder(self, name: str) -> Transcoder | None:
        self.asked.append(name)
        if name != JPEG_LS:
            return self.transcoder if name in self.targets else None
        if self.hangs:
            await anyio.Event().wait()
        raise OSError("no licence")


async def test_nobody_waits_for_who_is_asked_again() -> None:
    now, plugin = [0.0], Turning()
    async with running(CodecBook(hooks_of(plugin).transcoder, lambda: now[0])) as book:
        assert (await book.codecs()).offered.of(WRAPPED) == REENCODABLE
        plugin.hangs, now[0] = True, codecs.ASK_AGAIN_S
        before = len(plugin.asked)
        for _ in range(3):
            with anyio.fail_after(LONG):
                assert (await book.codecs()).offered.of(WRAPPED) == REENCODABLE
            await anyio.wait_all_tasks_blocked()
        assert plugin.asked[before:].count(JPEG_LS) == 1


async def test_who_was_never_asked_has_a_few_seconds_which_all_wait_together() -> None:
    now, plugin = [0.0], Hanging()
    async with running(CodecBook(hooks_of(plugin).transcoder, lambda: now[0])) as book:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(book.codecs)
            await anyio.wait_all_tasks_blocked()
            assert plugin.asked == [*TARGETS]
            tasks.cancel_scope.cancel()
        now[0] = codecs.PATIENCE_S
        for _ in range(3):
            assert not (await book.codecs()).is_known
        assert plugin.asked == [*TARGETS]


async def test_who_hangs_is_found_late_by_its_deadline() -> None:
    errors = list[HookError]()
    hooks = hooks_of(Hanging(), errors=errors)
    panel = hooks.transcoder._panel
    panel.facts = replace(panel.facts, deadline_s=0.02)
    with capture_logs() as logs:
        async with running(CodecBook(hooks.transcoder)) as book:
            assert (await book.codecs()).is_known
    assert {error.is_late for error in errors} == {True}
    assert {each["why"].rpartition(": ")[2] for each in logs} == {"no answer within 0.02 s"}
    assert panel.lineup.members[0].breaker.rests_until > monotonic()


async def test_a_reload_does_not_wait_for_who_hangs() -> None:
    hooks = hooks_of(Hanging())
    async with running(CodecBook(hooks.transcoder)) as book:
        await anyio.wait_all_tasks_blocked()
        hooks.replace({"new": ObjectHome("new", Plugin())}, ("acme",))
        with anyio.fail_after(LONG):
            assert {*(await book.codecs()).transcoders} == {EXPLICIT}


async def test_two_that_make_the_same_count_as_none() -> None:
    with capture_logs() as logs:
        found = await found_of(Plugin(), Plugin())
    assert found.transcoders == {}
    [line] = logs
    assert line["why"].startswith("plugin acme")
    assert line["why"].endswith(f"both provide '{EXPLICIT}', only one may")


class Raising(Unwrapping):
    @property
    def sources(self) -> frozenset[str]:  # type: ignore[override]
        raise OSError("MILLER^ANN")


@pytest.mark.parametrize("sources", [None, {WRAPPED}, frozenset({1}), WRAPPED])
async def test_a_codec_that_takes_junk_is_none(sources: object) -> None:
    codec = Unwrapping()
    codec.sources = sources  # type: ignore[assignment]
    with capture_logs() as logs:
        found = await found_of(Plugin(codec))
    assert found.offered.of(WRAPPED) == ()
    assert [each["why"] for each in logs] == ["acme: sources: TypeError"]


async def test_what_it_says_when_it_raises_is_not_told() -> None:
    with capture_logs() as logs:
        await found_of(Plugin(Raising()))
    assert [each["why"] for each in logs] == ["acme: sources: OSError"]
