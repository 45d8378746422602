"""One of our AE titles with all its settings in force: what it offers and on which terms."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Self, TypeVar

from pacsd.dicom.commitment import STORAGE_COMMITMENT
from pacsd.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacsd.dicom.registry import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    VERIFICATION,
    Service,
    sop_class,
    sop_classes,
    transfer_syntaxes,
)
from pacsd.dicom.uid import is_acceptable_uid
from pacsd.dimse.session import Patience
from pacsd.net.information_models import (
    FIND_MODELS,
    GET_MODELS,
    INSTANCE_GET,
    INSTANCE_MOVE,
    MOVE_MODELS,
)
from pacsd.net.peers import Peer
from pacsd.net.settings import AESettings, DimseSettings, UnknownPeers
from pacsd.ul.association import Limits
from pacsd.ul.negotiation import AcceptorTerms

_Value = TypeVar("_Value")
_UNCOMPRESSED = frozenset(
    (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN)
)

# PS3.4 table C.5-2: relational queries, combined date and time matching, fuzzy semantic matching of
# person names, timezone query adjustment.
_QUERY_SUPPORT = b"\1\1\1\1"

# PS3.4 tables C.5-4 and C.5-6: relational retrieval.
_RETRIEVAL_SUPPORT = b"\1"


@dataclass(frozen=True, slots=True)
class ApplicationEntity:
    """An AE title of ours; a value its own table leaves out is that of [dimse].

    `supported`, `scp_classes`, `scu_classes` and `extended_support` are as in `AcceptorTerms`.
    """

    title: str
    supported: Mapping[str, frozenset[str]]
    scp_classes: Container[str] | None
    scu_classes: Container[str]
    extended_support: Mapping[str, bytes]
    calling_ae_titles: frozenset[str]
    unknown_peers: UnknownPeers
    ae_reject_detail: bool
    max_associations: int | None
    patience: Patience
    limits: Limits
    max_operations_window: int

    @classmethod
    def of(cls, own: AESettings, shared: DimseSettings) -> Self:
        """The AE title of one [[ae]] table."""
        return cls(
            title=own.title,
            supported=_supported(own),
            scp_classes=None if "storage" in own.services else frozenset(_other_classes(own)),
            scu_classes=_scu_classes(own),
            extended_support=_extended_support(own),
            calling_ae_titles=frozenset(own.calling_ae_titles),
            unknown_peers=own.unknown_peers or shared.unknown_peers,
            ae_reject_detail=_either(own.ae_reject_detail, shared.ae_reject_detail),
            max_associations=own.max_associations,
            patience=Patience(
                message_s=_either(own.dimse_timeout_s, shared.dimse_timeout_s),
                idle_s=_either(own.idle_timeout_s, shared.idle_timeout_s),
            ),
            limits=Limits(
                max_length=own.max_pdu_length_bytes,
                artim_s=shared.artim_timeout_s,
                pdu_timeout_s=shared.network_timeout_s,
                is_strict=_either(own.strict, shared.strict),
            ),
            max_operations_window=_either(own.max_operations_window, shared.max_operations_window),
        )

    def terms(self, peer: Peer | None) -> AcceptorTerms:
        """What we agree to with this peer."""
        return AcceptorTerms(
            supported=self.supported,
            max_length=self.limits_for(peer).max_length,
            implementation_class_uid=IMPLEMENTATION_CLASS_UID,
            implementation_version_name=IMPLEMENTATION_VERSION_NAME,
            max_operations_window=self.max_operations_window,
            scp_classes=self.scp_classes,
            scu_classes=self.scu_classes,
            extended_support=self.extended_support,
        )

    def limits_for(self, peer: Peer | None) -> Limits:
        """What an association with this peer may take."""
        if peer is None:
            return self.limits
        return Limits(
            max_length=peer.max_pdu_length_bytes or self.limits.max_length,
            artim_s=self.limits.artim_s,
            pdu_timeout_s=self.limits.pdu_timeout_s,
            is_strict=_either(peer.strict, self.limits.is_strict),
        )


class AnyStorageClass(Mapping[str, frozenset[str]]):
    """Abstract syntaxes that include every SOP class the standard does not know otherwise.

    A private or future storage class looks like nothing but a UID; what belongs to another known
    service is not storage.
    """

    def __init__(self, known: Mapping[str, frozenset[str]], syntaxes: frozenset[str]) -> None:
        self._known = known
        self._syntaxes = syntaxes

    def __getitem__(self, uid: str) -> frozenset[str]:
        known = self._known.get(uid)
        if known is not None:
            return known
        if is_acceptable_uid(uid) and sop_class(uid) is None:
            return self._syntaxes
        raise KeyError(uid)

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def _supported(own: AESettings) -> Mapping[str, frozenset[str]]:
    """Objects come in to be stored, and go out to who retrieves them by C-GET."""
    others = _other_classes(own)
    if not {"storage", "retrieve"} & {*own.services}:
        return others
    storage = _storage_classes(own)
    together = {**others, **storage}
    if isinstance(storage, AnyStorageClass):
        return AnyStorageClass(together, _storage_syntaxes(own))
    return together


def _other_classes(own: AESettings) -> dict[str, frozenset[str]]:
    """Those that are no storage."""
    offered: list[str] = []
    if "verification" in own.services:
        offered.append(VERIFICATION)
    if "query" in own.services:
        offered += FIND_MODELS
    if "retrieve" in own.services:
        offered += [*MOVE_MODELS, *GET_MODELS, INSTANCE_MOVE, INSTANCE_GET]
    if "commitment" in own.services:
        offered.append(STORAGE_COMMITMENT)
    return dict.fromkeys(offered, _UNCOMPRESSED)


def _scu_classes(own: AESettings) -> Container[str]:
    """Those of which the one who calls may be SCP: it takes objects, or tells what it keeps."""
    storage = _storage_classes(own) if "retrieve" in own.services else {}
    if "commitment" not in own.services:
        return storage
    commitment = dict.fromkeys((STORAGE_COMMITMENT,), _UNCOMPRESSED)
    if isinstance(storage, AnyStorageClass):
        return AnyStorageClass({**storage, **commitment}, _storage_syntaxes(own))
    return {**storage, **commitment}


def _storage_classes(own: AESettings) -> Mapping[str, frozenset[str]]:
    syntaxes = _storage_syntaxes(own)
    known = {known.uid: syntaxes for known in sop_classes(Service.STORAGE)}
    return AnyStorageClass(known, syntaxes) if own.storage_sop_classes == "any" else known


def _extended_support(own: AESettings) -> Mapping[str, bytes]:
    support: dict[str, bytes] = {}
    if "query" in own.services:
        support |= dict.fromkeys(FIND_MODELS, _QUERY_SUPPORT)
    if "retrieve" in own.services:
        support |= dict.fromkeys([*MOVE_MODELS, *GET_MODELS], _RETRIEVAL_SUPPORT)
    return support


def _storage_syntaxes(own: AESettings) -> frozenset[str]:
    if not own.transfer_syntaxes:
        return frozenset(syntax.uid for syntax in transfer_syntaxes() if syntax.is_storable)
    known = {syntax.keyword: syntax.uid for syntax in transfer_syntaxes()}
    return frozenset(known.get(named, named) for named in own.transfer_syntaxes)


def _either(own: _Value | None, shared: _Value) -> _Value:
    return shared if own is None else own
