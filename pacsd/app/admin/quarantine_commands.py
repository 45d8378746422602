"""The commands of the admin socket about quarantine and held instances.

Values of patients are in the answers of `show` and `diff` only, and never in a log.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from pacsd.api.errors import StoreError
from pacsd.api.store import BlobStore
from pacsd.app.admin.arguments import Arguments, text, whole_number
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
from pacsd.index.records import QuarantinedVersion, Scope, StoredInstance

MAX_LISTED = 10_000
DEFAULT_LISTED = 100
NOBODY = "admin"
"""Who decides, if the command does not say."""


class QuarantineCommands:
    """The commands, over the store, the index and those who decide."""

    def __init__(self, store: BlobStore, index: Index, curation: Curation) -> None:
        self._store = store
        self._index = index
        self._curation = curation
        self._scope = Scope()

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
            held = await self._index.instances.held(self._scope, *_page(arguments))
        return [HeldSummary.of(each) for each in held]

    async def _show(self, arguments: Arguments) -> VersionDetail:
        with _told():
            return VersionDetail.of(*await self._both(arguments))

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
            number, actor = whole_number(arguments, "number"), _actor(arguments)
            released = await self._curation.release(self._scope, number, actor)
        if released is None:
            raise AdminError(f"version {number} was released, and is gone again")
        return ReleasedAnswer(released.sop_instance_uid, released.state.name.lower())

    async def _discard(self, arguments: Arguments) -> None:
        with _told():
            number, actor = whole_number(arguments, "number"), _actor(arguments)
            await self._curation.discard(self._scope, number, actor)

    async def _both(self, arguments: Arguments) -> tuple[QuarantinedVersion, StoredInstance | None]:
        number = whole_number(arguments, "number")
        version = await self._index.quarantine.find(self._scope, number)
        if version is None:
            raise NoSuchVersion(number)
        uid = version.version.sop_instance_uid
        return version, await self._index.instances.find(self._scope, uid)


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
