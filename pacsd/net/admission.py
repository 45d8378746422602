"""Who may open an association: the decision, made from settings, peers and free places.

The same for every caller and in this order: draining, called AE title, calling AE title and
address, the AE title's own list, room in the store, places. What is refused says to our operator
which key to set; what the peer learns of it is `ae_reject_detail`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pacsd.dicom.ae_title import is_valid_ae_title
from pacsd.dicom.registry import VERIFICATION, Service, sop_class
from pacsd.dicom.text import printable
from pacsd.net.ae import ApplicationEntity
from pacsd.net.endpoint import literal_address
from pacsd.net.peers import Admission, Guest, Peer, PeerBook
from pacsd.net.places import Place, Places
from pacsd.ul.pdu import AssociateRJ, AssociateRQ
from pacsd.ul.rejection import (
    PresentationReason,
    UserReason,
    rejected_by_user,
    rejected_for_now,
)


@dataclass(frozen=True, slots=True)
class Admitted:
    """The association may be opened: with which of our AEs, which peer if known, on which place."""

    ae: ApplicationEntity
    peer: Peer | None
    calling_ae: str
    place: Place


PLUGINS = "plugins"
"""The key where a plugin refused, or did not say who it is: its own table is below."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The association is refused; `why` is for our operator, `key` names what to set.

    `is_alert` marks what looks like somebody pretending to be a known peer (row D12).
    """

    rejection: AssociateRJ
    why: str
    key: str = ""
    is_alert: bool = False


class Gatekeeper:
    """Decides on association requests. `peers` may be replaced at any time by a reload.

    `storing_refusal` says why nobody new may come to store, None when they may.
    """

    def __init__(
        self,
        entities: Mapping[str, ApplicationEntity],
        peers: PeerBook,
        places: Places,
        max_associations_per_peer: int,
        storing_refusal: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.peers = peers
        self.is_draining = False
        self._entities = entities
        self._places = places
        self._max_per_peer = max_associations_per_peer
        self._storing_refusal = storing_refusal
        self._details = all(entity.ae_reject_detail for entity in entities.values())

    def decide(self, request: AssociateRQ, address: str) -> Admitted | Refused:
        """Admit a caller at an IP address, taking a place, or refuse it."""
        if self.is_draining:
            rejection = rejected_for_now(PresentationReason.TEMPORARY_CONGESTION)
            return Refused(rejection, "pacsd is shutting down")
        entity = self._entities.get(request.called_ae)
        if entity is None:
            return self._unknown_called_ae(request)
        peer = self.peers.find(request.calling_ae)
        refusal = self._check_caller(request, address, entity, peer) or self._check_store(request)
        return refusal or self._take_place(request, address, entity, peer)

    def give_back(self, admitted: Admitted) -> None:
        """The association has ended."""
        self._places.give_back(admitted.place)

    def _unknown_called_ae(self, request: AssociateRQ) -> Refused:
        own = ", ".join(self._entities)
        return Refused(
            _by_user(UserReason.CALLED_AE_TITLE_NOT_RECOGNIZED, tells=self._details),
            f"called AE title {printable(request.called_ae)} is none of ours ({own})",
            "ae.title",
        )

    def _check_caller(
        self,
        request: AssociateRQ,
        address: str,
        entity: ApplicationEntity,
        peer: Peer | None,
    ) -> Refused | None:
        rejection = _by_user(
            UserReason.CALLING_AE_TITLE_NOT_RECOGNIZED, tells=entity.ae_reject_detail
        )
        caller = printable(request.calling_ae)
        if not is_valid_ae_title(request.calling_ae):
            why = f"calling AE title {caller} is not an AE title (PS3.5 table 6.2-1)"
            return Refused(rejection, why)
        admission = self.peers.admits(request.calling_ae, address)
        if admission is Admission.WRONG_ADDRESS:
            why = f"calling AE title {caller} is known, but may not call from {address}"
            return Refused(rejection, why, "peer.addresses", is_alert=True)
        if peer is not None and admission is Admission.UNRESOLVED:
            why = f"peer {caller} may call from its host {peer.host} only, which does not resolve"
            return Refused(rejection, why, "peer.host")
        if peer is None and not _welcomes_unknown(entity, address):
            why = f"calling AE title {caller} is not in the peers file and calls from {address}"
            return Refused(rejection, why, "peer.ae_title or dimse.unknown_peers")
        is_listed = request.calling_ae in entity.calling_ae_titles or isinstance(peer, Guest)
        if entity.calling_ae_titles and not is_listed:
            why = f"{entity.title} does not list {caller} among its callers"
            return Refused(rejection, why, "ae.calling_ae_titles")
        if peer is not None and peer.called_ae_titles and entity.title not in peer.called_ae_titles:
            why = f"peer {caller} may not call {entity.title}"
            return Refused(rejection, why, "peer.called_ae_titles")
        return None

    def _check_store(self, request: AssociateRQ) -> Refused | None:
        """Who only comes to store had better come later than be told A700 for each object."""
        why = self._storing_refusal()
        if why is None or not _only_stores(request):
            return None
        rejection = rejected_for_now(PresentationReason.TEMPORARY_CONGESTION)
        return Refused(rejection, f"nobody new may store: {why}", "store.min_free_bytes")

    def _take_place(
        self,
        request: AssociateRQ,
        address: str,
        entity: ApplicationEntity,
        peer: Peer | None,
    ) -> Admitted | Refused:
        # A stranger is counted by its address: the AE title it gives is its own choice.
        place = Place(entity.title, request.calling_ae if peer else address)
        caller_limit = ("dimse.max_associations_per_peer", self._max_per_peer)
        if peer is not None and peer.max_associations is not None:
            caller_limit = ("peer.max_associations", peer.max_associations)
        called_limit = entity.max_associations
        full = self._places.take(
            place,
            is_known=peer is not None,
            caller_limit=caller_limit,
            called_limit=None if called_limit is None else ("ae.max_associations", called_limit),
        )
        if full is None:
            return Admitted(entity, peer, request.calling_ae, place)
        return Refused(
            rejected_for_now(PresentationReason.LOCAL_LIMIT_EXCEEDED),
            f"{full.limit} associations are open, the most that {full.key} allows",
            full.key,
        )


def _only_stores(request: AssociateRQ) -> bool:
    """Whether storage is all that is proposed, beside verification."""
    proposed = {context.abstract_syntax for context in request.contexts} - {VERIFICATION}
    services = {known.service for known in map(sop_class, proposed) if known is not None}
    return bool(proposed) and services <= {Service.STORAGE}


def _by_user(reason: UserReason, *, tells: bool) -> AssociateRJ:
    """The rejection; one that tells nothing is the same for every reason (row D10)."""
    return rejected_by_user(reason if tells else UserReason.NO_REASON_GIVEN)


def _welcomes_unknown(entity: ApplicationEntity, address: str) -> bool:
    if entity.unknown_peers != "loopback":
        return entity.unknown_peers == "accept"
    caller = literal_address(address)
    return caller is not None and caller.is_loopback
