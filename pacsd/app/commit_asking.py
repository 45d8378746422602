"""A peer asked whether it keeps a study of ours safely: an errand of the daemon (PS3.4 annex J).

The daemon has to do it: the peer may tell the result over an association of its own.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from pacsd.app.admin.arguments import text, whole_number
from pacsd.app.admin.errands import Arguments, Begin, ErrandError
from pacsd.app.admin.unix_socket import AdminError
from pacsd.app.commit_records import MAX_NAMED, CommitProgress, NotSafe
from pacsd.app.conf.settings import Config
from pacsd.app.dimse_wiring import Dimse
from pacsd.app.export_selection import EXPORT_LIMITS
from pacsd.app.opening import Archive
from pacsd.archive.commitments import Safe, SafeAnswer
from pacsd.archive.deliverable import Deliverables
from pacsd.archive.finding import FindError
from pacsd.archive.retrieval import Retriever
from pacsd.dicom.commitment import Reference
from pacsd.net.commitment_scu import CommitmentSCU
from pacsd.net.errors import AssociationError
from pacsd.net.peers import Peer, PeerBook
from pacsd.net.scu import Destination

MAX_WAIT_S = 3_600


class CommitErrand:
    """Asks one peer about one study, and waits so long for the result."""

    def __init__(
        self,
        asking: CommitmentSCU,
        instances: Deliverables,
        destination: Destination,
        study_instance_uid: str,
        wait_s: float,
    ) -> None:
        self._asking = asking
        self._instances = instances
        self._destination = destination
        self._wait_s = wait_s
        self._progress = CommitProgress(destination.called_ae, study_instance_uid)

    async def run(self) -> None:
        """Ask.

        Raises:
            ErrandError: there is no such study, or nothing could be asked.
        """
        study = self._progress.study_instance_uid
        try:
            references = [
                Reference(each.sop_class_uid, each.sop_instance_uid)
                async for page in self._instances.pages(study)
                for each in page
            ]
            if not references:
                raise ErrandError(f"study {study} has no instance here")
            self._note(references, ())
            self._note(
                references, await self._asking.ask(self._destination, references, self._wait_s)
            )
        except (FindError, AssociationError) as error:
            raise ErrandError(str(error)) from error

    def report(self) -> CommitProgress:
        """What the peer said so far."""
        return self._progress

    def _note(self, references: Sequence[Reference], answers: Sequence[SafeAnswer]) -> None:
        counts = Counter(each.safe for each in answers)
        named = (each for each in answers if each.safe is not Safe.COMMITTED)
        self._progress = CommitProgress(
            self._progress.peer,
            self._progress.study_instance_uid,
            len(references),
            counts[Safe.COMMITTED],
            counts[Safe.FAILED],
            counts[Safe.UNKNOWN],
            tuple(
                NotSafe(each.reference.sop_instance_uid, each.safe is Safe.FAILED, each.why)
                for _, each in zip(range(MAX_NAMED), named, strict=False)
            ),
        )


def commit_errand(config: Config, archive: Archive, dimse: Dimse) -> Mapping[str, Begin]:
    """The errand by its kind. We call by the name of our first AE title."""
    instances = Deliverables(Retriever(archive.store, archive.index, EXPORT_LIMITS))

    def begin(arguments: Arguments) -> CommitErrand:
        peer = named_peer(dimse.gatekeeper.peers, text(arguments, "peer", ""))
        study = text(arguments, "study_instance_uid", "")
        wait_s = whole_number(arguments, "wait_s")
        if not study:
            raise AdminError("study_instance_uid must be given")
        if not 0 < wait_s <= MAX_WAIT_S:
            raise AdminError(f"wait_s must be from 1 to {MAX_WAIT_S}")
        assert peer.endpoint is not None  # noqa: S101 - `named_peer` has seen to it
        destination = Destination(peer.endpoint, peer.ae_title, config.ae[0].title)
        return CommitErrand(dimse.commitment.asking, instances, destination, study, wait_s)

    return {"commit": begin}


def named_peer(peers: PeerBook, named: str) -> Peer:
    """The peer of an AE title, or that of AET=HOST:PORT.

    Raises:
        AdminError: there is none that we can call.
    """
    peer = peers.find(named)
    if peer is None and "=" in named:
        try:
            peer = Peer.parse(named)
        except ValidationError as error:
            raise AdminError(f"{named!a}: {error.errors()[0]['msg']}") from None
        except ValueError as error:
            raise AdminError(f"{named!a}: {error}") from None
    if peer is None or peer.endpoint is None:
        known = ", ".join(known.ae_title for known in peers if known.endpoint) or "none"
        raise AdminError(f"{named!a} is no peer we can call; known: {known}")
    return peer
