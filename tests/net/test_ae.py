import pytest

from pacsd.dicom.registry import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    VERIFICATION,
    Service,
    sop_classes,
    transfer_syntaxes,
)
from pacsd.net.ae import ApplicationEntity
from pacsd.net.peers import Peer
from pacsd.net.settings import AESettings, DimseSettings

CT = "1.2.840.10008.5.1.4.1.1.2"
FIND = "1.2.840.10008.5.1.4.1.2.2.1"
JPIP_REFERENCED = "1.2.840.10008.1.2.4.94"
PRIVATE = "1.3.12.2.1107.5.9.1"


def entity(dimse: DimseSettings | None = None, **own: object) -> ApplicationEntity:
    return ApplicationEntity.of(AESettings.model_validate(own), dimse or DimseSettings())


def test_it_offers_verification_and_every_storage_class_in_every_storable_syntax() -> None:
    supported = entity().supported
    assert set(supported) == {VERIFICATION, *(known.uid for known in sop_classes(Service.STORAGE))}
    assert supported[CT] == {known.uid for known in transfer_syntaxes() if known.is_storable}
    assert JPIP_REFERENCED not in supported[CT]
    assert FIND not in supported


def test_verification_comes_uncompressed_only() -> None:
    assert IMPLICIT_VR_LITTLE_ENDIAN in entity().supported[VERIFICATION]
    assert len(entity().supported[VERIFICATION]) == 3


@pytest.mark.parametrize(("service", "has_echo"), [("verification", True), ("storage", False)])
def test_services_can_be_chosen(service: str, has_echo: bool) -> None:
    supported = entity(services=[service]).supported
    assert (VERIFICATION in supported) is has_echo
    assert (CT in supported) is not has_echo


def test_transfer_syntaxes_can_be_chosen() -> None:
    chosen = entity(transfer_syntaxes=["ExplicitVRLittleEndian"]).supported
    assert chosen[CT] == {EXPLICIT_VR_LITTLE_ENDIAN}
    chosen = entity(transfer_syntaxes=["JPIPReferenced", PRIVATE]).supported
    assert chosen[CT] == {JPIP_REFERENCED, PRIVATE}


def test_any_takes_private_and_future_classes_but_no_other_service() -> None:
    supported = entity(storage_sop_classes="any").supported
    assert PRIVATE in supported
    assert FIND not in supported
    assert "not a uid" not in supported
    assert len(supported) == len(entity().supported) == len(list(supported))
    assert PRIVATE not in entity().supported


def test_what_its_table_leaves_out_is_that_of_dimse() -> None:
    dimse = DimseSettings(dimse_timeout_s=7, idle_timeout_s=8, strict=True, max_operations_window=3)
    own = entity(dimse, idle_timeout_s=0)
    assert (own.patience.message_s, own.patience.idle_s) == (7, 0)
    assert own.limits.is_strict
    assert own.max_operations_window == 3
    assert not entity(dimse, strict=False).limits.is_strict


def test_a_peer_can_have_its_own_length_and_strictness() -> None:
    own = entity()
    peer = Peer(ae_title="CT1", max_pdu_length_bytes=8192, strict=True)
    assert own.limits_for(peer).max_length == 8192
    assert own.limits_for(peer).is_strict
    assert own.terms(peer).max_length == 8192
    assert own.terms(None).max_length == 131_072
    assert own.limits_for(Peer(ae_title="CT2")) == own.limits_for(None)
