from io import BytesIO

import anyio

from pacsd.app.plugins.lending import Lending

FILE = BytesIO(b"copy")


async def test_a_uid_means_what_was_lent_as_long_as_that_is() -> None:
    lending = Lending()
    async with lending.claim("acme", ["1.2"], {"1.2": FILE}):
        assert lending.file("acme", "1.2") is FILE
        assert lending.file("other", "1.2") is None
        assert lending.file("acme", "1.3") is None
    assert lending.file("acme", "1.2") is None


async def test_one_uid_never_means_two_things_at_once() -> None:
    lending, order = Lending(), list[str]()

    async def stored(plugin: str, uid: str) -> None:
        async with lending.claim(plugin, [uid, "1.9"]):
            order.append(f"{plugin} {uid}")
            assert lending.file(plugin, uid) is None

    async with anyio.create_task_group() as tasks:  # noqa: SIM117 - outlives the claim
        async with lending.claim("acme", ["1.2"], {"1.2": FILE}):
            for plugin, uid in (("acme", "1.2"), ("acme", "1.3"), ("other", "1.2")):
                tasks.start_soon(stored, plugin, uid)
            await anyio.wait_all_tasks_blocked()
            assert sorted(order) == ["acme 1.3", "other 1.2"]
    assert order[-1] == "acme 1.2"


async def test_what_is_stored_is_sent_by_several_at_once() -> None:
    lending = Lending()
    async with lending.claim("acme", ["1.2"]), lending.claim("acme", ["1.2"]):
        assert lending.file("acme", "1.2") is None
