import asyncio
from collections.abc import Iterator

import anyio
import pytest

from pacsd.api import hooks
from pacsd.api.dispatch.provider import MAX_KEPT, Provider
from pacsd.api.errors import HookError
from pacsd.api.store import Stores
from tests.api.dispatch.panels import implementation_of, panel_of

HOOK = "pacsd_blob_store"


class Shop:
    def __init__(self, name: str, goods: object) -> None:
        self.name = name
        self.goods = goods
        self.asked: list[str] = []

    @hooks.hookimpl
    async def pacsd_blob_store(self, name: str) -> object:
        self.asked.append(name)
        if isinstance(self.goods, Exception):
            raise self.goods
        return self.goods if name == self.name else None


class ClosedShop:
    @hooks.hookimpl
    async def pacsd_blob_store(self) -> None:
        await asyncio.Event().wait()


class Reseller:
    """Sells what it buys from another."""

    def __init__(self, name: str, supplier: str) -> None:
        self.name = name
        self.supplier = supplier

    @hooks.hookimpl
    async def pacsd_blob_store(self, name: str, stores: Stores) -> object:
        return ["made of", await stores(self.supplier)] if name == self.name else None


def provider(*plugins: object, deadline_s: float = 15.0) -> Provider[object]:
    made = Provider[object](panel_of(*plugins, hook=HOOK, deadline_s=deadline_s))
    made.give({"stores": made})
    return made


async def test_the_provider_is_found_by_name_and_asked_once() -> None:
    shop = Shop("fs", ["goods"])
    hook = provider(Shop("s3", "a"), shop)
    assert await hook("fs") is await hook("fs")
    assert shop.asked == ["fs"]
    assert (hook.plugin_of("fs"), hook.plugin_of("s3")) != ("", "")
    assert hook.plugin_of("tape") == ""


def test_whether_anybody_may_be_asked() -> None:
    assert provider(Shop("fs", 1)).is_implemented
    nobody = provider()
    assert not nobody.is_implemented
    assert nobody.lineup.members == ()


async def test_whose_it_is_is_told_beside_it() -> None:
    hook = provider(Shop("s3", "a"), Shop("fs", ["goods"]))
    assert await hook.found("fs") == ("plugin1", ["goods"])
    assert (await hook.found("fs"))[1] is await hook("fs")


async def test_what_one_that_is_gone_provided_is_asked_for_again() -> None:
    first, second = Shop("fs", ["goods"]), Shop("s3", ["other goods"])
    hook = provider(first, second)
    goods = [await hook("fs"), await hook("s3")]
    assert hook.plugins == {"plugin0", "plugin1"}
    hook.forget(("plugin1",))
    assert hook.plugins == {"plugin0"}
    assert [await hook("fs"), await hook("s3")] == goods
    assert first.asked == second.asked == ["fs", "s3", "s3"]


async def test_work_with_what_is_forgotten_is_broken_off_and_waited_for() -> None:
    hook, ended = provider(Shop("fs", ["goods"])), list[str]()
    may_end = anyio.Event()

    async def work(plugin: str) -> None:
        with hook.until_forgotten(plugin) as scope:
            try:
                await anyio.sleep_forever()
            finally:
                with anyio.CancelScope(shield=True):
                    await may_end.wait()
        assert scope.cancelled_caught
        ended.append(plugin)

    async def wait() -> None:
        await hook.lineup.idle()
        ended.append("idle")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(work, "plugin0")
        tasks.start_soon(work, "plugin1")
        await anyio.wait_all_tasks_blocked()
        await hook.lineup.idle()  # who stays keeps nobody from leaving
        for _ in range(2):
            hook.forget(("plugin0",))
        tasks.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        assert ended == []
        may_end.set()
        await anyio.wait_all_tasks_blocked()
        assert {*ended} == {"plugin0", "idle"}
        hook.forget(("plugin1",))
    assert {*ended} == {"plugin0", "plugin1", "idle"}


async def test_no_provider_is_an_error() -> None:
    with pytest.raises(HookError, match="no plugin provides 'tape'"):
        await provider(Shop("fs", "b"))("tape")


async def test_p05_two_providers_for_one_name_are_an_error() -> None:
    with pytest.raises(HookError, match=r"plugin0 and plugin1.*only one may"):
        await provider(Shop("fs", "a"), Shop("fs", "b"))("fs")


async def test_a_provider_that_raises_is_named() -> None:
    with pytest.raises(HookError, match=r"plugin0.*raised OSError: unplugged"):
        await provider(Shop("fs", OSError("unplugged")))("fs")


async def test_a_late_provider_is_named() -> None:
    with pytest.raises(HookError, match=r"plugin1.*no answer within"):
        await provider(Shop("fs", "a"), ClosedShop(), deadline_s=0.01)("fs")


async def test_one_may_be_made_of_another() -> None:
    hook = provider(Reseller("s3", "fs"), Shop("fs", "disk"))
    assert await hook("s3") == ["made of", "disk"]


async def test_what_others_need_is_noted_only_where_somebody_wants_to_know() -> None:
    plugins = (Reseller("s3", "fs"), Shop("fs", "disk"))
    keen = Provider[object](panel_of(*plugins, hook=HOOK), notes_needs=True)
    for hook, made_of in ((provider(*plugins), {}), (keen, {"s3": {"fs"}})):
        hook.give({"stores": hook})
        await hook("s3")
        assert hook.made_of == made_of


async def test_what_is_known_is_found_without_a_look_at_all_others() -> None:
    class Counting(dict[str, object]):
        looks = 0

        def __iter__(self) -> Iterator[str]:
            self.looks += 1
            return super().__iter__()

    hook = provider(Shop("fs", ["goods"]))
    await hook("fs")
    kept = hook._provided = Counting(hook._provided)  # type: ignore[assignment]
    await hook("fs")
    assert kept.looks == 0


async def test_what_is_too_old_goes_when_something_new_is_kept() -> None:
    class Anything:
        @hooks.hookimpl
        async def pacsd_blob_store(self, name: str) -> object:
            return name

    now = [0.0]
    hook = Provider[object](panel_of(Anything(), hook=HOOK), kept_s=60.0, clock=lambda: now[0])
    for name, at_s in (("a", 0.0), ("b", 30.0), ("c", 60.0)):
        now[0] = at_s
        await hook(name)
    assert [bool(hook.plugin_of(name)) for name in "abc"] == [False, True, True]


async def test_a_circle_is_an_error() -> None:
    hook = provider(Reseller("a", "b"), Reseller("b", "a"))
    with pytest.raises(HookError, match="each needs the next one: a -> b -> a"):
        await hook("a")


async def test_what_was_asked_before_a_reload_is_asked_again_after_it() -> None:
    class SlowShop(Shop):
        @hooks.hookimpl
        async def pacsd_blob_store(self, name: str) -> object:
            asked.set()
            await go_on.wait()
            return await super().pacsd_blob_store(name)

    asked, go_on = asyncio.Event(), asyncio.Event()
    panel = panel_of(SlowShop("fs", ["old goods"]), hook=HOOK)
    hook = Provider[object](panel)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(hook, "fs")
        await asked.wait()
        hook.forget(("plugin0",))
        panel.replace([implementation_of(0, Shop("fs", ["new goods"]), HOOK)])
        go_on.set()
    assert hook.plugins == set()
    assert await hook("fs") == ["new goods"]


class WaitingShop(Shop):
    """Answers once it may go on."""

    def __init__(self, name: str, goods: object) -> None:
        super().__init__(name, goods)
        self.go_on = asyncio.Event()

    @hooks.hookimpl
    async def pacsd_blob_store(self, name: str) -> object:
        answer = await super().pacsd_blob_store(name)
        await self.go_on.wait()
        return answer


async def test_who_asks_at_once_waits_for_the_same_answer() -> None:
    shop = WaitingShop("fs", ["goods"])
    hook, found = provider(shop), list[object]()

    async def ask() -> None:
        found.append(await hook("fs"))

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        shop.go_on.set()
    assert shop.asked == ["fs"]
    assert found == [shop.goods] * 3


async def test_who_waits_asks_itself_when_the_one_who_asked_gives_up() -> None:
    shop = WaitingShop("fs", ["goods"])
    hook, found = provider(shop), list[object]()

    async def ask() -> None:
        found.append(await hook("fs"))

    async with anyio.create_task_group() as tasks:
        async with anyio.create_task_group() as impatient:
            impatient.start_soon(hook, "fs")
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(ask)
            await anyio.wait_all_tasks_blocked()
            impatient.cancel_scope.cancel()
        await anyio.wait_all_tasks_blocked()
        shop.go_on.set()
    assert shop.asked == ["fs", "fs"]
    assert found == [shop.goods]


async def test_what_fails_fails_for_all_who_wait() -> None:
    class BrokenShop:
        @hooks.hookimpl
        async def pacsd_blob_store(self) -> None:
            await go_on.wait()
            raise OSError("unplugged")

    go_on = asyncio.Event()
    hook, told = provider(BrokenShop()), list[str]()

    async def ask() -> None:
        try:
            await hook("fs")
        except HookError as error:
            told.append(error.explanation)

    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        go_on.set()
    assert told == ["raised OSError: unplugged"] * 2


async def test_an_answer_is_kept_for_its_time() -> None:
    now, shop = [0.0], Shop("fs", ["goods"])
    hook = Provider[object](panel_of(shop, hook=HOOK), kept_s=60.0, clock=lambda: now[0])
    for seconds in (0.0, 59.9, 60.0, 119.0):
        now[0] = seconds
        assert await hook.found("fs") == ("plugin0", ["goods"])
    assert shop.asked == ["fs", "fs"]
    now[0] = 500.0
    with pytest.raises(HookError, match="no plugin provides"):
        await hook("tape")
    assert hook.plugins == set()


async def test_only_so_many_names_are_kept() -> None:
    class Anything:
        @hooks.hookimpl
        async def pacsd_blob_store(self, name: str) -> object:
            asked.append(name)
            return name

    asked = list[str]()
    hook = Provider[object](panel_of(Anything(), hook=HOOK))
    for number in range(MAX_KEPT + 1):
        await hook(str(number))
    await hook(str(MAX_KEPT))
    await hook("0")
    assert len(asked) == MAX_KEPT + 2
