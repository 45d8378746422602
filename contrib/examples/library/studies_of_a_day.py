"""pacsd as a library: the studies of a day, looked for at a peer and brought here, or sent on."""

from contextlib import aclosing
from pathlib import Path

from pacsd.app.file_receiving import Received
from pacsd.app.retrieving import Call, get_into, move_to
from pacsd.app.searching import Search
from pacsd.app.wanted import Wanted, read_wanted
from pacsd.dicom.level import Level
from pacsd.dicom.query_keys import read_keys
from pacsd.net.associated import associated
from pacsd.net.endpoint import Endpoint
from pacsd.net.query_retrieve_scu import Progress, QueryModel
from pacsd.net.scu import Destination, Timeouts

STUDY_INSTANCE_UID = 0x0020000D


def call_of(address: str, called_ae: str, calling_ae: str) -> Call:
    """Whom we ask, such as `127.0.0.1:11112`, and under which AE title of ours."""
    return Call(Destination(Endpoint.parse(address), called_ae, calling_ae), Timeouts())


async def studies_of(call: Call, study_date: str) -> list[str]:
    """The Study Instance UIDs of a Study Date, or of a range of them (C-FIND)."""
    keys = read_keys([f"StudyDate={study_date}", "StudyInstanceUID"])
    search = Search(QueryModel.STUDY_ROOT, Level.STUDY, keys)
    found: list[str] = []
    async with (
        associated(call.destination, search.contexts, call.timeouts) as association,
        aclosing(search.matches(association)) as matches,  # left early, the search is cancelled
    ):
        async for match in matches:
            found += match.texts(STUDY_INSTANCE_UID)
    return found


async def bring(call: Call, study: str, folder: Path) -> Received:
    """Have a study sent to us (C-GET), a file for each object; how many files there are."""
    received = Received()
    await get_into(folder, call, _wanted(study), _tell, _tell_failed, received)
    return received


async def send_on(call: Call, study: str, ae_title: str) -> bool:
    """Have a study sent to somebody whom the peer knows (C-MOVE); whether all of it arrived."""
    ended = await move_to(call, _wanted(study), ae_title, _tell)
    return ended.is_success


def _wanted(study: str) -> Wanted:
    return read_wanted([f"StudyInstanceUID={study}"])


def _tell(progress: Progress) -> None:
    print(f"status {progress.status:04X}, {progress.completed_count} done")


def _tell_failed(sop_instance_uid: str, why: str) -> None:
    print(f"{sop_instance_uid} was not written: {why}")
