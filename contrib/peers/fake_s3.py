"""An S3 server in memory that fails when it is told to; for tests on loopback.

It knows what the client of our plugins asks for: PUT with If-None-Match, GET with Range, HEAD,
DELETE, ListObjectsV2, and uploads in parts. Signatures are not checked.
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
_SHOWN = ("x-amz-meta-", "x-amz-storage-class", "x-amz-server-side-encryption")

Answer = Callable[[web.Request], web.StreamResponse | None]


@dataclass(slots=True)
class Stored:
    """An object, and what it was put with."""

    data: bytes
    attributes: dict[str, str]
    etag: str


@dataclass(slots=True)
class InParts:
    """An upload in parts that is under way."""

    name: str
    attributes: dict[str, str]
    parts: dict[int, bytes] = field(default_factory=dict)


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
    damages: bool = False
    """It keeps another last byte than it was given; digests and ETags it was told it repeats."""
    uploads: dict[str, InParts] = field(default_factory=dict)
    """Uploads in parts under way, by their ids: what is left here somebody pays for."""
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
        if "uploads" in request.query or "uploadId" in request.query:
            return self._in_parts(request, name, data)
        if request.method == "PUT":
            return self._put(request, name, data)
        if request.method == "DELETE":
            self.objects.pop(name, None)
            return web.Response(status=204)
        return await self._get(request, name)

    def _put(self, request: web.Request, name: str, data: bytes) -> web.Response:
        if request.headers.get("If-None-Match") == "*" and name in self.objects:
            return error(412, "PreconditionFailed")
        return web.Response(headers={"ETag": self._keep(name, data, _kept(request))})

    def _keep(self, name: str, data: bytes, attributes: dict[str, str], parts: int = 0) -> str:
        etag = _etag(data, parts)
        if not self.forgets:
            kept = data[:-1] + bytes([data[-1] ^ 1]) if self.damages and data else data
            self.objects[name] = Stored(kept, attributes, etag)
        return etag

    def _in_parts(self, request: web.Request, name: str, data: bytes) -> web.Response:
        if "uploads" in request.query:
            upload_id = f"upload-{len(self.requests)}"
            self.uploads[upload_id] = InParts(name, _kept(request))
            text = f"<UploadId>{upload_id}</UploadId>"
            return _xml(f"<InitiateMultipartUploadResult>{text}</InitiateMultipartUploadResult>")
        upload = self.uploads.get(request.query["uploadId"])
        if upload is None:
            return error(404, "NoSuchUpload")
        if request.method == "PUT":
            upload.parts[int(request.query["partNumber"])] = data
            return web.Response(headers={"ETag": _etag(data)})
        del self.uploads[request.query["uploadId"]]
        if request.method == "DELETE":
            return web.Response(status=204)
        whole = b"".join(upload.parts[number] for number in sorted(upload.parts))
        etag = self._keep(name, whole, upload.attributes, len(upload.parts))
        text = f"<ETag>{escape(etag)}</ETag>"
        return _xml(f"<CompleteMultipartUploadResult>{text}</CompleteMultipartUploadResult>")

    async def _get(self, request: web.Request, name: str) -> web.StreamResponse:
        stored = self.objects.get(name)
        if stored is None:
            return error(404, "NoSuchKey")
        part = request.http_range
        data = stored.data[part]
        headers = {"Last-Modified": _MODIFIED, "ETag": stored.etag, **stored.attributes}
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
        return _xml(f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>")

    def _listed(self, name: str) -> str:
        data, etag = self.objects[name].data, self.objects[name].etag
        return (
            f"<Contents><Key>{escape(name)}</Key><Size>{len(data)}</Size>"
            f"<LastModified>2026-11-26T12:00:00Z</LastModified><ETag>{etag}</ETag></Contents>"
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


def _kept(request: web.Request) -> dict[str, str]:
    """The headers that an object is put with, and shown with."""
    headers = request.headers
    return {key: headers[key] for key in headers if key.lower().startswith(_SHOWN)}


def _xml(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/xml")


def _etag(data: bytes, parts: int = 0) -> str:
    digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return f'"{digest}-{parts}"' if parts else f'"{digest}"'
