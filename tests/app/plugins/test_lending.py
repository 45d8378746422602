from pathlib import Path
from typing import BinaryIO

import anyio
import pytest

from pacsd.app.plugins.lending import Lending


@pytest.fixture
def files(tmp_path: Path) -> dict[str, BinaryIO]:
    return {name: _file(tmp_path / name) for name in ("copy", "other")}


def _file(path: Path) -> BinaryIO:
    path.write_bytes(path.name.encode())
    return path.open("rb")


@pytest.fixture(autouse=True)
def closed(files: dict[str, BinaryIO]) -> object:
    yield
    for each in files.values():
        each.close()


def meant(lending: Lending, plugin: str, uid: str) -> bytes | None:
    with lending.borrowed(plugin, uid) as file:
        if file is None:
            return None
        file.seek(0)
        return file.read()


async def test_a_uid_means_what_was_lent_as_long_as_that_is(files: dict[str, BinaryIO]) -> None:
    lending = Lending()
    async with lending.claim("acme", {"1.2": files["copy"]}, "research"):
        assert meant(lending, "acme", "1.2") == b"copy"
        assert meant(lending, "other", "1.2") is None
        assert meant(lending, "acme", "1.3") is None
        assert lending.is_coerced("acme", "1.2")
        assert not lending.is_coerced("other", "1.2")
    assert meant(lending, "acme", "1.2") is None
    assert not lending.is_coerced("acme", "1.2")


async def test_one_uid_never_means_two_things_at_once(files: dict[str, BinaryIO]) -> None:
    lending, order = Lending(), list[str]()

    async def plain(plugin: str, uid: str) -> None:
        async with lending.claim(plugin, {uid: files["other"], "1.9": files["other"]}):
            order.append(f"{plugin} {uid}")
            assert meant(lending, plugin, uid) == b"other"

    async with anyio.create_task_group() as tasks:  # noqa: SIM117 - outlives the claim
        async with lending.claim("acme", {"1.2": files["copy"]}, "research"):
            for plugin, uid in (("acme", "1.2"), ("acme", "1.3"), ("other", "1.2")):
                tasks.start_soon(plain, plugin, uid)
            await anyio.wait_all_tasks_blocked()
            assert sorted(order) == ["acme 1.3", "other 1.2"]
    assert order[-1] == "acme 1.2"


async def test_what_is_no_coerced_copy_is_sent_by_several_at_once(
    files: dict[str, BinaryIO],
) -> None:
    lending = Lending()
    async with (
        lending.claim("acme", {"1.2": files["copy"]}),
        lending.claim("acme", {"1.2": files["other"]}),
    ):
        assert meant(lending, "acme", "1.2") in {b"copy", b"other"}
        assert not lending.is_coerced("acme", "1.2")


async def test_a_file_that_is_read_stays(files: dict[str, BinaryIO]) -> None:
    lending = Lending()
    claim = lending.claim("acme", {"1.2": files["copy"]})
    await claim.__aenter__()
    with lending.borrowed("acme", "1.2") as file:
        await claim.__aexit__(None, None, None)
        files["copy"].close()
        assert file is not None
        assert file.read() == b"copy"
