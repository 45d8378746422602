"""Retrievals from a DICOMweb server, to their end (PS3.18 section 10.4)."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import anyio

from pacsd.app.file_receiving import Received
from pacsd.app.wanted import Wanted
from pacsd.app.web_file_receiving import WebFileReceiver
from pacsd.dicom.data_set import DataSet
from pacsd.dicom.identifier import UNIQUE_KEYS
from pacsd.dicom.level import Level
from pacsd.dicom.query_keys import Key
from pacsd.dicom.uid import is_acceptable_uid
from pacsd.dicom.vr import VR
from pacsd.dicomweb.search_request import search_request
from pacsd.dicomweb.targets import Kind, Target
from pacsd.net.web_client.errors import Refused, WebError
from pacsd.net.web_client.refusal import FOR_ALL
from pacsd.net.web_client.retrieving import Came, retrieve
from pacsd.net.web_client.searching import search
from pacsd.net.web_client.session import WebServer, WebSession, web_session

_KINDS = {Level.STUDY: Kind.STUDY, Level.SERIES: Kind.SERIES, Level.INSTANCE: Kind.INSTANCE}
_LEVELS = tuple(_KINDS)


@dataclass(frozen=True, slots=True)
class WebGet:
    """Where files are to go, and who is told: of failures, of each file, of how many come."""

    folder: Path
    failed: Callable[[str, str], None]
    advance: Callable[[], None]
    received: Received


async def get_from_web(server: WebServer, wanted: Wanted, get: WebGet) -> None:
    """Have a server give us what is wanted, resource by resource.

    What is named without the levels above it is searched for first, for no resource is named so.

    Raises:
        WebError: the server cannot be reached, refuses all, or an answer broke off; the files that
            came whole by then stay.
    """
    failures: list[WebError] = []

    async def work() -> None:
        try:
            await _get(server, wanted, get)
        except WebError as error:
            failures.append(error)

    # Ctrl-C ends the first task at once, but of this one nothing that a thread still does: what
    # gets its name is counted.
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(work, name="WADO-RS")
    for error in failures:
        raise error


async def _get(server: WebServer, wanted: Wanted, get: WebGet) -> None:
    async with web_session(server) as session, aclosing(_targets(session, wanted, get)) as targets:
        async for target in targets:
            receiver = WebFileReceiver(get.folder, target, get.failed, get.advance, get.received)
            try:
                came = await retrieve(session, target, receiver.begin)
            except Refused as error:
                if error.status in FOR_ALL:
                    raise
                get.failed(_name(target), str(error))
                continue
            if came is Came.SOME or (came is Came.NOTHING and _is_one_of_several(wanted)):
                get.failed(_name(target), came.value)


async def _targets(
    session: WebSession, wanted: Wanted, get: WebGet
) -> AsyncGenerator[Target, None]:
    if _is_named_in_full(wanted):
        for uid in wanted.values(wanted.level):
            yield _target(wanted, uid)
        return
    level = max(wanted.level, Level.STUDY)
    keys = (*wanted.keys, *_told(level, wanted))
    matches = search(session, search_request(level, keys), None, lambda _: None)
    async with aclosing(matches) as found:
        async for match in found:
            target = _found(match, level, wanted) if isinstance(match, DataSet) else None
            if target is not None:
                yield target
            elif isinstance(match, DataSet):
                get.failed("a match", "it does not say the UIDs of its study, series and instance")
            else:
                get.failed("a match", str(match))


def _is_named_in_full(wanted: Wanted) -> bool:
    """Whether the keys make a path: those of all levels from the study on, and no other."""
    given = {key.tag for key in wanted.keys}
    return given == {UNIQUE_KEYS[each] for each in _LEVELS if each <= wanted.level}


def _is_one_of_several(wanted: Wanted) -> bool:
    return not _is_named_in_full(wanted) or len(wanted.values(wanted.level)) > 1


def _target(wanted: Wanted, uid: str) -> Target:
    above = [wanted.values(each)[0] for each in _LEVELS if each < wanted.level]
    return _resource(wanted.level, [*above, uid])


def _resource(level: Level, uids: Sequence[str]) -> Target:
    study, series, instance = (*uids, "", "")[: len(_LEVELS)]
    return Target(_KINDS[level], study, series, instance)


def _told(level: Level, wanted: Wanted) -> tuple[Key, ...]:
    given = {key.tag for key in wanted.keys}
    tags = (UNIQUE_KEYS[each] for each in _LEVELS if each <= level)
    return tuple(Key(tag, VR.UI) for tag in tags if tag not in given)


def _found(match: DataSet, level: Level, wanted: Wanted) -> Target | None:
    """The resource that a match names; what the target of the search says, it may leave out."""
    uids = []
    for each in (each for each in _LEVELS if each <= level):
        said = "".join(match.texts(UNIQUE_KEYS[each])[:1]) or "".join(wanted.values(each)[:1])
        if not is_acceptable_uid(said):
            return None
        uids.append(said)
    return _resource(level, uids)


def _name(target: Target) -> str:
    return target.sop_instance_uid or target.series_instance_uid or target.study_instance_uid
