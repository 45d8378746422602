"""The HTTP listener: /health, /ready and /metrics, for those who watch the daemon, and DICOMweb."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import anyio
from aiohttp.web import BaseRequest, Response, Server, StreamResponse
from anyio import CapacityLimiter, to_thread
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from pacsd import __version__
from pacsd.net.endpoint import Endpoint
from pacsd.net.http_bodies import body_fault
from pacsd.net.http_connection import GUARDS, Connection, HttpLimits, json_answer
from pacsd.net.http_refusals import HttpRefusals

SHUTDOWN_GRACE_S = 1.0
BACKLOG = 128

_METHODS = ("GET", "HEAD")
_RELAYED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="pacsd"'}

AnswersRoute = Callable[[], Awaitable[Response]]
Serve = Callable[[BaseRequest], Awaitable[StreamResponse]]


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the daemon does its work, and if not, why, a sentence each."""

    is_ready: bool
    reasons: tuple[str, ...] = ()


class HttpListener:
    """Listens while `run` runs. `services` answer all below their path, such as "/dicomweb".

    `takes_relayed`: whether they ask themselves now who it is that a proxy on this machine asks
    for. `ending` is called when it ends: answers that wait for something have to, within the grace.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        registry: CollectorRegistry,
        health: Callable[[], Health],
        limits: HttpLimits | None = None,
        services: Mapping[str, Serve] | None = None,
        takes_relayed: Callable[[], bool] = lambda: False,
        ending: Callable[[], None] | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._registry = registry
        self._refusals = HttpRefusals(registry)
        self._health = health
        self._limits = limits or HttpLimits()
        self._services = dict(services or {})
        self._takes_relayed = takes_relayed
        self._ending = ending
        self._one_scrape = CapacityLimiter(1)
        self._routes: Mapping[str, AnswersRoute] = {
            "/health": self._answer_health,
            "/ready": self._answer_ready,
            "/metrics": self._answer_metrics,
        }

    @property
    def address(self) -> Endpoint:
        """Where it listens; once `started` was called, with the port the system chose for 0."""
        return self._endpoint

    async def run(self, started: Callable[[], None]) -> None:
        """Listen until cancelled; `started` is called when connections are accepted.

        Raises:
            OSError: the address cannot be listened on.
        """
        loop = asyncio.get_running_loop()
        web = Server(self._answer)
        open_connections: set[Connection] = set()
        listening = await loop.create_server(
            lambda: Connection(web, loop, self._limits, open_connections, self._refusals.refused),
            self._endpoint.host,
            self._endpoint.port,
            backlog=BACKLOG,
        )
        try:
            port: int = listening.sockets[0].getsockname()[1]
            self._endpoint = replace(self._endpoint, port=port)
            started()
            await anyio.sleep_forever()
        finally:
            listening.close()
            if self._ending is not None:
                self._ending()
            web.pre_shutdown()
            with anyio.CancelScope(shield=True):
                await web.shutdown(SHUTDOWN_GRACE_S)

    async def _answer(self, request: BaseRequest) -> StreamResponse:
        connection = request.protocol
        if not isinstance(connection, Connection):
            return await self._routed(request)
        connection.begins(request)
        answer = await self._routed(request)
        if connection.is_ending:
            answer.force_close()
        return answer

    async def _routed(self, request: BaseRequest) -> StreamResponse:
        refusal = self._refusal(request)
        if refusal is not None:
            refusal.force_close()
            return refusal
        service = self._services.get("/".join(request.path.split("/", 2)[:2]))
        if service is not None:
            return await self._serve(service, request)
        answer = self._routes.get(request.path)
        if answer is None:
            return json_answer(404, {"error": "there is nothing here"})
        if request.method not in _METHODS:
            return json_answer(405, {"error": "only GET and HEAD"}, {"Allow": ", ".join(_METHODS)})
        return await answer()

    def _refusal(self, request: BaseRequest) -> Response | None:
        """The answer to what nobody here may be asked, whatever it is."""
        host_fault = self._host_fault(request)
        if host_fault:
            return json_answer(421, {"error": host_fault})
        fault = body_fault(request)
        if fault is not None:
            return json_answer(fault.status, {"error": fault.text}, fault.headers)
        return None

    def _host_fault(self, request: BaseRequest) -> str:
        """Refuse a foreign name on loopback: a web page may have had it resolved to us."""
        if not self._endpoint.is_loopback:
            return ""
        hosts = request.headers.getall("Host", [])
        if not hosts and request.version < (1, 1):
            return ""  # a browser always names a host
        if len(hosts) == 1 and _is_loopback(hosts[0]):
            return ""
        return "the Host header must name this machine's loopback address, as localhost does"

    async def _serve(self, service: Serve, request: BaseRequest) -> StreamResponse:
        fault = self._relay_fault(request)
        if fault:
            return json_answer(401, {"error": fault}, _CHALLENGE)
        return await service(request)

    def _relay_fault(self, request: BaseRequest) -> str:
        """Refuse what was handed on to loopback: who asks is not on this machine."""
        named = [name for name in _RELAYED if name in request.headers]
        if not self._endpoint.is_loopback or not named or self._takes_relayed():
            return ""
        return f"requests with {named[0]} come from elsewhere, and nobody can log in yet"

    async def _answer_health(self) -> Response:
        return json_answer(200, {"status": "ok", "version": __version__})

    async def _answer_ready(self) -> Response:
        health = self._health()
        body = {"ready": health.is_ready, "reasons": health.reasons}
        return json_answer(200 if health.is_ready else 503, body)

    async def _answer_metrics(self) -> Response:
        # What is measured changes on the event loop, so it is read there; writing it takes longer.
        told = _told(list(self._registry.collect()))
        text = await to_thread.run_sync(generate_latest, told, limiter=self._one_scrape)
        return Response(body=text, headers={**GUARDS, "Content-Type": CONTENT_TYPE_LATEST})


class _Told(Collector):
    """Metrics as they were read."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Sequence[Metric]:
        """The same each time."""
        return self._metrics


def _told(metrics: Sequence[Metric]) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_Told(metrics))
    return registry


@lru_cache
def _is_loopback(host_header: str) -> bool:
    """Whether a Host header, with or without a port, names this machine only."""
    try:
        return Endpoint.parse(host_header).is_loopback
    except ValueError:
        return Endpoint(host_header.removeprefix("[").removesuffix("]"), 0).is_loopback
