"""An S3 server in memory that fails when it is told to; for tests on loopback.

It knows what the client of `store_s3` asks for, but multipart uploads: PUT with If-None-Match, GET
with Range, HEAD, DELETE and ListObjectsV2. Signatures are not checked.
"""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

import anyio
from aiohttp import web

BUCKET = "pacsd"
PAGE_NAMES = 1000
_MODIFIED = "Thu, 26 Nov 2026 12:00:00 GMT"
_META = "x-amz-meta-"

Answer = Callable[[web.Request], web.StreamResponse | None]


@dataclass(slots=True)
class Stored:
    """An object, and what it was put with."""

    data: bytes
    attributes: dict[str, str]


@dataclass(slots=True)
class FakeS3:
    """What it keeps, and how it fails: `fail` is asked first, and may answer in its place."""

    objects: dict[str, Stored] = field(default_factory=dict)
    fail: Answer = field(default=lambda _: None)
    cut: int | None = None
    """So many bytes of an object are given, and then the connection breaks."""
    alter: bool = False
    """The last byte of an object that is given is another one."""
    forgets: bool = False
    """It says that it has stored what it has not."""
    goes_on: anyio.Event | None = None
    """No request is answered before this is set."""
    endpoint: str = ""
    requests: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        self.requests.append(f"{request.method} {request.path}")
        data = await request.read()
        if self.goes_on is not None:
            await self.goes_on.wait()
        failure = self.fail(request)
        if failure is not None:
            return failure
        name = request.match_info["name"]
        if not name:
            return self._list(request)
        if request.method == "PUT":
            return self._put(request, name, data)
        if request.method == "DELETE":
            self.objects.pop(name, None)
            return web.Response(status=204)
        return await self._get(request, name)

    def _put(self, request: web.Request, name: str, data: bytes) -> web.Response:
        if request.headers.get("If-None-Match") == "*" and name in self.objects:
            return error(412, "PreconditionFailed")
        if not self.forgets:
            attributes = {key: request.headers[key] for key in request.headers if _is_meta(key)}
            self.objects[name] = Stored(data, attributes)
        return web.Response(headers={"ETag": _etag(data)})

    async def _get(self, request: web.Request, name: str) -> web.StreamResponse:
        stored = self.objects.get(name)
        if stored is None:
            return error(404, "NoSuchKey")
        part = request.http_range
        data = stored.data[part]
        headers = {"Last-Modified": _MODIFIED, "ETag": _etag(stored.data), **stored.attributes}
        if part.start is not None:
            first, size = part.start, len(stored.data)
            headers["Content-Range"] = f"bytes {first}-{first + len(data) - 1}/{size}"
        if request.method == "HEAD":
            return web.Response(headers={**headers, "Content-Length": str(len(data))})
        if self.alter and data:
            data = data[:-1] + bytes([data[-1] ^ 1])
        response = web.StreamResponse(status=206 if part.start is not None else 200)
        response.headers.update(headers)
        response.content_length = len(data)
        await response.prepare(request)
        await response.write(data if self.cut is None else data[: self.cut])
        if self.cut is not None and request.transport is not None:
            request.transport.abort()
        return response

    def _list(self, request: web.Request) -> web.Response:
        prefix = request.query.get("prefix", "")
        after = request.query.get("start-after", "")
        names = sorted(name for name in self.objects if name.startswith(prefix) and name > after)
        found = "".join(map(self._listed, names[:PAGE_NAMES]))
        text = f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>"
        return web.Response(text=text, content_type="application/xml")

    def _listed(self, name: str) -> str:
        data = self.objects[name].data
        return (
            f"<Contents><Key>{escape(name)}</Key><Size>{len(data)}</Size>"
            f"<LastModified>2026-11-26T12:00:00Z</LastModified><ETag>{_etag(data)}</ETag></Contents>"
        )


def error(status: int, code: str) -> web.Response:
    """An answer that says what is wrong."""
    text = f"<Error><Code>{code}</Code><Message>no such luck</Message></Error>"
    return web.Response(status=status, text=text, content_type="application/xml")


@asynccontextmanager
async def served(fake: FakeS3 | None = None, port: int = 0) -> AsyncIterator[FakeS3]:
    """Serve it on loopback until the end of the block."""
    fake = FakeS3() if fake is None else fake
    application = web.Application(client_max_size=2**30)
    application.router.add_route("*", f"/{BUCKET}{{_:/?}}{{name:.*}}", fake.answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        number = runner.addresses[0][1]
        fake.endpoint = f"http://127.0.0.1:{number}"
        yield fake
    finally:
        await runner.cleanup()


def _is_meta(header: str) -> bool:
    return header.lower().startswith(_META)


def _etag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
