"""DICOMweb servers as targets of routes: STOW-RS (PS3.18 section 10.5), as it is stored here."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial

from anyio import to_thread

from pacsd.api import route_target
from pacsd.api.errors import NotProvided
from pacsd.api.route_target import DeliveryResult
from pacsd.archive.retrievable import Retrievable
from pacsd.dicom.errors import DicomError
from pacsd.net.retrieving import Notes, Retrieves
from pacsd.net.sending import OpenDataSet, Outbound, Outcome
from pacsd.net.target_run import NOT_COERCED, TargetRun, numbers_of, one_page, readable_pages
from pacsd.net.throttle import NO_THROTTLES, Throttle, Throttles
from pacsd.net.web.part10 import file_of, preface
from pacsd.net.web_client.credentials import CredentialsError, tls_context, token_in
from pacsd.net.web_client.delivery import WebDelivery
from pacsd.net.web_client.errors import WebError
from pacsd.net.web_client.service_root import ServiceRoot
from pacsd.net.web_client.session import Request, WebServer, WebTimeouts, web_session
from pacsd.net.web_client.storing import FileToStore
from pacsd.net.web_targets import WebTargetSettings

PREFIX = "web:"
"""Of the names of such targets; that of its table follows."""

_HOOK = "pacsd_route_target"
_ECHO = Request("GET", "/studies?limit=1", {"Accept": "application/dicom+json"})
_UNAUTHORIZED = frozenset({401, 403, 407})
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class WebSending:
    """What sending to DICOMweb servers needs: whose objects, and which servers there are.

    `throttles` are those of targets by their names, with the prefix.
    """

    retriever: Retrieves
    servers: Mapping[str, WebTargetSettings]
    access: Notes
    throttles: Throttles = NO_THROTTLES

    def target(self, name: str) -> "WebTarget":
        """The server of this name, as a target.

        Raises:
            NotProvided: there is no such server.
        """
        settings = self.servers.get(name.removeprefix(PREFIX))
        if settings is None:
            raise NotProvided(name, _HOOK, f"{name} is no name of a [[web_target]]")
        return WebTarget(self, settings)


class WebTarget:
    """The port RouteTarget, for one server."""

    def __init__(self, sending: WebSending, settings: WebTargetSettings) -> None:
        self._sending = sending
        self._settings = settings

    async def send(self, delivery: route_target.Delivery, /) -> DeliveryResult:
        """Send instances, in requests of many; what fails together is sent one by one."""
        if delivery.coercion:
            return NOT_COERCED
        run = TargetRun(delivery)
        numbers = await numbers_of(self._sending.retriever, delivery)
        return await self._sent(run, self._files(numbers, run))

    async def send_copies(
        self, delivery: route_target.Delivery, copies: Sequence[Outbound], /
    ) -> DeliveryResult:
        """Send copies instead of what is stored: they are the `instances` of the delivery."""
        run, files = TargetRun(delivery), list[FileToStore]()
        for copy in copies:
            try:
                files.append(await _file(copy, copy.open, None))
            except (OSError, DicomError) as error:
                run.ended(copy.sop_instance_uid, Outcome(None, str(error)))
        return await self._sent(run, one_page(files))

    async def _sent(
        self, run: TargetRun, files: AsyncGenerator[Sequence[FileToStore], None]
    ) -> DeliveryResult:
        try:
            server = await to_thread.run_sync(_server, self._settings)
            async with web_session(server) as session:
                told = partial(_ended, run)
                web = WebDelivery[FileToStore](session, told, self._settings.requests_at_once)
                await web.run(self._throttled(files, is_urgent=run.is_urgent))
        except (WebError, CredentialsError) as error:
            run.failure = str(error)
        finally:
            host = ServiceRoot.parse(self._settings.url).url.host or ""
            action = f"route (STOW-RS to {self._settings.name})"
            await run.note(self._sending.access, host, action)
        return run.result()

    async def _throttled(
        self, files: AsyncGenerator[Sequence[FileToStore], None], *, is_urgent: bool
    ) -> AsyncGenerator[Sequence[FileToStore], None]:
        """The same files, no faster than this server is sent to."""
        name = f"{PREFIX}{self._settings.name}"
        throttle = self._sending.throttles.of(name, is_urgent=is_urgent)
        async with aclosing(files):
            async for page in files:
                yield [_slower(each, throttle) for each in page]

    async def check(self) -> str | None:
        """Why a search for one study is not answered now; whatever it finds is an answer."""
        try:
            server = await to_thread.run_sync(_server, self._settings)
            async with web_session(server) as session, session.ask(_ECHO) as answer:
                status = answer.status
        except (WebError, CredentialsError) as error:
            return str(error)
        is_well = status not in _UNAUTHORIZED and status < _SERVER_ERROR
        return None if is_well else f"{server.root}: HTTP {status}"

    async def _files(
        self, numbers: Sequence[int], run: TargetRun
    ) -> AsyncGenerator[Sequence[FileToStore], None]:
        async with aclosing(readable_pages(self._sending.retriever, numbers, run)) as pages:
            async for page in pages:
                files: list[FileToStore] = []
                for instance, open_data_set in page:
                    try:
                        files.append(await _file(instance, open_data_set, _length_of(instance)))
                    except (OSError, DicomError) as error:
                        run.ended(instance.sop_instance_uid, Outcome(None, str(error)))
                yield files


def _length_of(instance: Retrievable) -> int | None:
    """The length of its data set as it leaves, None if nobody knows that yet."""
    return None if instance.is_corrected else instance.data_set_bytes


async def _file(
    instance: Retrievable | Outbound, open_data_set: OpenDataSet, length: int | None
) -> FileToStore:
    """An instance as a file; one whose length nobody knows is read once for that.

    Raises:
        OSError, DicomError: it cannot be read, or not be corrected.
    """
    open_file = partial(_bytes_of, instance, open_data_set)
    if length is None:
        size_bytes = await _counted(open_file)
    else:
        size_bytes = len(preface(instance, instance.transfer_syntax_uid)) + length
    return FileToStore(
        instance.sop_class_uid,
        instance.sop_instance_uid,
        instance.transfer_syntax_uid,
        size_bytes,
        open_file,
    )


async def _bytes_of(
    instance: Retrievable | Outbound, open_data_set: OpenDataSet
) -> AsyncGenerator[bytes, None]:
    syntax = instance.transfer_syntax_uid
    async with aclosing(file_of(instance, syntax, open_data_set)) as pieces:
        async for piece in pieces:
            yield piece if isinstance(piece, bytes) else bytes(piece)


def _slower(file: FileToStore, throttle: Throttle) -> FileToStore:
    return replace(file, open=partial(_throttled_bytes, file, throttle))


async def _throttled_bytes(file: FileToStore, throttle: Throttle) -> AsyncGenerator[bytes, None]:
    await throttle.begin()
    async with aclosing(throttle.paced(file.open())) as pieces:
        async for piece in pieces:
            yield piece


async def _counted(open_file: Callable[[], AsyncGenerator[bytes, None]]) -> int:
    """The length of a file that leaves otherwise than it is stored."""
    async with aclosing(open_file()) as pieces:
        return sum([len(piece) async for piece in pieces])


def _ended(run: TargetRun, file: FileToStore, outcome: Outcome) -> None:
    run.ended(file.sop_instance_uid, outcome)


def _server(settings: WebTargetSettings) -> WebServer:
    """Whom we ask, as its files are now. Blocks.

    Raises:
        CredentialsError: one cannot be used.
    """
    root = ServiceRoot.parse(settings.url)
    token = token_in(settings.token_file) if settings.token_file is not None else ""
    tls = None
    if root.is_tls:
        tls = tls_context(settings.ca_file, settings.certificate_file, settings.key_file)
    return WebServer(root, token, tls, WebTimeouts(message_s=settings.timeout_s))
