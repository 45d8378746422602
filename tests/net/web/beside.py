"""Desks beside DICOMweb, served for a test."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import anyio
import orjson
from aiohttp import ClientSession
from prometheus_client import CollectorRegistry
from yarl import URL

from pacsd.net.endpoint import Endpoint
from pacsd.net.http import Health, HttpListener, Serve


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def why(self) -> str:
        """What is said of an error."""
        return str(self.json["error"])


@dataclass(frozen=True, slots=True)
class Listening:
    """A listener that is asked."""

    client: ClientSession
    address: Endpoint

    async def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> Answer:
        url = URL(f"http://{self.address}{path}", encoded=True)
        async with self.client.request(
            method, url, headers=headers, data=BytesIO(data) if data else None
        ) as answer:
            return Answer(answer.status, answer.headers, await answer.read())


@asynccontextmanager
async def listening(services: Mapping[str, Serve]) -> AsyncIterator[Listening]:
    """A listener with these services."""
    listener = HttpListener(
        Endpoint("127.0.0.1", 0),
        registry=CollectorRegistry(),
        health=lambda: Health(is_ready=True),
        services=services,
    )
    started = anyio.Event()
    async with anyio.create_task_group() as tasks, ClientSession() as client:
        tasks.start_soon(listener.run, started.set)
        await started.wait()
        yield Listening(client, Endpoint("127.0.0.1", listener.address.port))
        tasks.cancel_scope.cancel()
