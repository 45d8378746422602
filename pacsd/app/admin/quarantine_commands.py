"""The commands of the admin socket about quarantine and held instances.

Values of patients are in the answers of `show`, `diff` and `held` only, and never in a log.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from pacsd.api.errors import StoreError
from pacsd.api.store import BlobStore
from pacsd.app.admin.arguments import Arguments, text, whole_number
from pacsd.app.admin.held_instances import held_summaries, is_held
from pacsd.app.admin.quarantine_records import (
    HeldSummary,
    ReleasedAnswer,
    VersionDetail,
    VersionSummary,
)
from pacsd.app.admin.unix_socket import AdminError, Command
from pacsd.archive.curation import Curation, NoSuchVersion
from pacsd.archive.difference import Comparison, compare
from pacsd.archive.state_records import StateRecordError
from pacsd.dicom.text import printable
from pacsd.index.errors import IndexFault
from pacsd.index.index import Index
from pacsd.index.records import (
    NamedPatient,
    QuarantinedVersion,
    Scope,
    StoredInstance,
)

MAX_LISTED = 10_001
"""One more than a command shows at once: so it knows that there are more."""

DEFAULT_LISTED = 100
NOBODY = "admin"
"""Who decides, if the command does not say."""

_log = structlog.get_logger("pacsd.quarantine")


class QuarantineCommands:
    """The commands, over the store, the index and those who decide."""

    def __init__(self, store: BlobStore, index: Index, curation: Curation) -> None:
        self._store = store
        self._index = index
        self._curation = curation
        self._scope = Scope()
        # Whoever goes through the change log keeps a reader of the index: never all of them.

    def by_name(self) -> dict[str, Command]:
        """All of them."""
        return {
            "quarantine.list": self._list,
            "quarantine.held": self._held,
            "quarantine.show": self._show,
            "quarantine.diff": self._diff,
            "quarantine.release": self._release,
            "quarantine.discard": self._discard,
        }

    async def _list(self, arguments: Arguments) -> list[VersionSummary]:
        """By rising number, from behind `after` on."""
        with _told():
            versions = await self._index.quarantine.page(self._scope, *_page(arguments))
            uids = [*{each.version.sop_instance_uid: None for each in versions}]
            stored = await self._index.instances.among(self._scope, uids)
        by_uid = {each.sop_instance_uid: each for each in stored}
        return [
            VersionSummary.of(each, by_uid.get(each.version.sop_instance_uid)) for each in versions
        ]

    async def _held(self, arguments: Arguments) -> list[HeldSummary]:
        """By rising number, from behind `after` on."""
        with _told():
            return await held_summaries(self._store, self._index, self._scope, *_page(arguments))

    async def _show(self, arguments: Arguments) -> VersionDetail:
        with _told():
            version, stored = await self._both(arguments)
            patient = await self._study_patient(version)
            return VersionDetail.of(version, stored, patient)

    async def _diff(self, arguments: Arguments) -> Comparison:
        """What is stored first, then the version."""
        with _told():
            version, stored = await self._both(arguments)
            if stored is None:
                raise AdminError(f"nothing else has the UID of version {version.id}")
            copy, new = stored.copies[0], version.version
            return await compare(
                self._store,
                (copy, copy.transfer_syntax_uid),
                (new.copy, new.transfer_syntax_uid),
            )

    async def _release(self, arguments: Arguments) -> ReleasedAnswer:
        with _told():
            version, former = await self._both(arguments)
            actor = _actor(arguments)
            released = await self._curation.release(self._scope, version.id, actor)
            superseded = await self._number_of(former)
        if released is None:
            raise AdminError(f"version {version.id} was released, and is gone again")
        state = released.state.name.lower()
        _log.info(
            "a version was released from quarantine",
            actor=actor,
            version=version.id,
            sop_instance_uid=released.sop_instance_uid,
            became=state,
            former_is_version=superseded,
        )
        return ReleasedAnswer(released.sop_instance_uid, state, superseded)

    async def _discard(self, arguments: Arguments) -> None:
        with _told():
            version, actor = await self._version(arguments), _actor(arguments)
            await self._curation.discard(self._scope, version.id, actor)
        _log.info(
            "a version was discarded from quarantine",
            actor=actor,
            version=version.id,
            sop_instance_uid=version.version.sop_instance_uid,
        )

    async def _both(self, arguments: Arguments) -> tuple[QuarantinedVersion, StoredInstance | None]:
        version = await self._version(arguments)
        uid = version.version.sop_instance_uid
        return version, await self._index.instances.find(self._scope, uid)

    async def _version(self, arguments: Arguments) -> QuarantinedVersion:
        number = whole_number(arguments, "number")
        version = await self._index.quarantine.find(self._scope, number)
        if version is not None:
            return version
        if await is_held(self._index, self._scope, number):
            raise AdminError(
                f"no version {number} is in quarantine; instance {number} is held, because it "
                f"names another patient than its study has: "
                f"pacsd quarantine held --after {number - 1} --limit 1"
            )
        raise NoSuchVersion(number)

    async def _study_patient(self, version: QuarantinedVersion) -> NamedPatient | None:
        """The patient that the study of a version has, if there is such a study."""
        study_uid = version.version.study_instance_uid
        return (await self._index.instances.patients_of(self._scope, [study_uid])).get(study_uid)

    async def _number_of(self, former: StoredInstance | None) -> int | None:
        """Under which number what was an instance lies in quarantine now."""
        if former is None:
            return None
        digests = {copy.sha256 for copy in former.copies}
        versions = await self._index.quarantine.of_instance(self._scope, former.sop_instance_uid)
        return next((each.id for each in versions if each.version.copy.sha256 in digests), None)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (NoSuchVersion, StateRecordError, StoreError, IndexFault) as error:
        raise AdminError(str(error)) from None


def _page(arguments: Arguments) -> tuple[int, int]:
    limit = whole_number(arguments, "limit", DEFAULT_LISTED)
    return whole_number(arguments, "after", 0), min(limit, MAX_LISTED)


def _actor(arguments: Arguments) -> str:
    return printable(text(arguments, "actor", NOBODY))
