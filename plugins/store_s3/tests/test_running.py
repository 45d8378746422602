from pathlib import Path

import anyio
import anyio.abc
import structlog
from pacsd_store_s3.belonging import BelongingError
from pacsd_store_s3.running import run
from pacsd_store_s3.store import SpooledStore

from contrib.peers import fake_s3
from pacsd.api.plugin import Host
from pacsd.testing.memory_store import MemoryStore
from tests.far_stores import settings


async def test_gives_the_store_or_why_there_is_none(tmp_path: Path) -> None:
    host = Host("store_s3", tmp_path, structlog.get_logger())
    async with fake_s3.served() as fake, anyio.create_task_group() as tasks:
        chosen = settings(endpoint=fake.endpoint)
        assert isinstance(await tasks.start(run, host, chosen, MemoryStore()), SpooledStore)
        spool = MemoryStore()
        spool.objects = {"of somebody": b"else"}
        assert isinstance(await tasks.start(run, host, chosen, spool), BelongingError)
        tasks.cancel_scope.cancel()
