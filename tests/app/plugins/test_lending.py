from io import BytesIO

import anyio

from pacsd.app.plugins.lending import Lending

FILE, OTHER = BytesIO(b"copy"), BytesIO(b"other")


def meant(lending: Lending, plugin: str, uid: str) -> object:
    with lending.borrowed(plugin, uid) as file:
        return file


async def test_a_uid_means_what_was_lent_as_long_as_that_is() -> None:
    lending = Lending()
    async with lending.claim("acme", {"1.2": FILE}, "research"):
        assert meant(lending, "acme", "1.2") is FILE
        assert meant(lending, "other", "1.2") is None
        assert meant(lending, "acme", "1.3") is None
        assert lending.is_coerced("acme", "1.2")
        assert not lending.is_coerced("other", "1.2")
    assert meant(lending, "acme", "1.2") is None
    assert not lending.is_coerced("acme", "1.2")


async def test_one_uid_never_means_two_things_at_once() -> None:
    lending, order = Lending(), list[str]()

    async def plain(plugin: str, uid: str) -> None:
        async with lending.claim(plugin, {uid: OTHER, "1.9": OTHER}):
            order.append(f"{plugin} {uid}")
            assert meant(lending, plugin, uid) is OTHER

    async with anyio.create_task_group() as tasks:  # noqa: SIM117 - outlives the claim
        async with lending.claim("acme", {"1.2": FILE}, "research"):
            for plugin, uid in (("acme", "1.2"), ("acme", "1.3"), ("other", "1.2")):
                tasks.start_soon(plain, plugin, uid)
            await anyio.wait_all_tasks_blocked()
            assert sorted(order) == ["acme 1.3", "other 1.2"]
    assert order[-1] == "acme 1.2"


async def test_what_is_no_coerced_copy_is_sent_by_several_at_once() -> None:
    lending = Lending()
    async with lending.claim("acme", {"1.2": FILE}), lending.claim("acme", {"1.2": OTHER}):
        assert meant(lending, "acme", "1.2") in (FILE, OTHER)
        assert not lending.is_coerced("acme", "1.2")


async def test_a_file_that_is_read_stays() -> None:
    lending, ended = Lending(), anyio.Event()

    async def claim() -> None:
        async with lending.claim("acme", {"1.2": FILE}):
            await anyio.wait_all_tasks_blocked()
        ended.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(claim)
        await anyio.lowlevel.checkpoint()
        with lending.borrowed("acme", "1.2") as file:
            assert file is FILE
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                await anyio.wait_all_tasks_blocked()
                assert not ended.is_set()
                assert meant(lending, "acme", "1.2") is None
