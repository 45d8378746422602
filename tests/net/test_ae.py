import pytest

from pacsd.dicom.commitment import STORAGE_COMMITMENT
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
QUERY_RETRIEVE = "1.2.840.10008.5.1.4.1.2."
FIND, GET = f"{QUERY_RETRIEVE}2.1", f"{QUERY_RETRIEVE}2.3"
INSTANCE_ROOT = {f"{QUERY_RETRIEVE}4.2", f"{QUERY_RETRIEVE}4.3"}
WITHOUT_BULK_DATA = f"{QUERY_RETRIEVE}5.3"
STORAGE = {known.uid for known in sop_classes(Service.STORAGE)}
JPIP_REFERENCED = "1.2.840.10008.1.2.4.94"
PRIVATE = "1.3.12.2.1107.5.9.1"


def entity(dimse: DimseSettings | None = None, **own: object) -> ApplicationEntity:
    return ApplicationEntity.of(AESettings.model_validate(own), dimse or DimseSettings())


def query_retrieve(*operations: str) -> set[str]:
    """The classes of these operations, of all information models."""
    return {
        known.uid
        for known in sop_classes(Service.QUERY_RETRIEVE)
        if known.name.endswith(tuple(f"- {operation}" for operation in operations))
        and known.uid.startswith(QUERY_RETRIEVE)
        and known.uid != WITHOUT_BULK_DATA
    }


def test_it_offers_verification_and_every_storage_class_in_every_storable_syntax() -> None:
    supported = entity(services=["verification", "storage"]).supported
    assert set(supported) == {VERIFICATION, *STORAGE}
    assert supported[CT] == {known.uid for known in transfer_syntaxes() if known.is_storable}
    assert JPIP_REFERENCED not in supported[CT]
    assert FIND not in supported


def test_by_default_it_offers_all_services() -> None:
    supported = entity().supported
    others = query_retrieve("FIND", "MOVE", "GET")
    assert len(others) == 11
    assert set(supported) == {VERIFICATION, STORAGE_COMMITMENT, *STORAGE, *others}
    assert {supported[uid] for uid in others} == {supported[VERIFICATION]}


@pytest.mark.parametrize("classes", ["known", "any"])
def test_who_is_asked_for_commitment_may_be_its_scp_and_its_scu(classes: str) -> None:
    for services in (["commitment"], ["storage", "retrieve", "commitment"]):
        chosen = entity(services=services, storage_sop_classes=classes)
        terms = chosen.terms(None)
        assert STORAGE_COMMITMENT in chosen.supported
        assert terms.is_scp_of(STORAGE_COMMITMENT)
        assert STORAGE_COMMITMENT in terms.scu_classes
        assert (CT in terms.scu_classes) is ("retrieve" in services)
    without = entity(services=["storage", "retrieve"], storage_sop_classes=classes)
    assert STORAGE_COMMITMENT not in without.supported
    assert STORAGE_COMMITMENT not in without.terms(None).scu_classes


def test_query_and_retrieve_can_be_chosen() -> None:
    assert set(entity(services=["query"]).supported) == query_retrieve("FIND")
    retrieving = entity(services=["retrieve"])
    assert set(retrieving.supported) == {*STORAGE, *query_retrieve("MOVE", "GET")}


def test_who_retrieves_by_c_get_may_be_scp_of_every_storage_class() -> None:
    terms = entity().terms(None)
    assert terms.scp_classes is None
    assert all(uid in terms.scu_classes for uid in STORAGE)
    assert PRIVATE not in terms.scu_classes
    assert VERIFICATION not in terms.scu_classes
    assert PRIVATE in entity(storage_sop_classes="any").terms(None).scu_classes
    assert CT not in entity(services=["storage", "query"]).terms(None).scu_classes


@pytest.mark.parametrize("classes", ["known", "any"])
def test_who_may_retrieve_may_not_store_unless_both_are_offered(classes: str) -> None:
    terms = entity(services=["retrieve"], storage_sop_classes=classes).terms(None)
    assert CT in terms.supported
    assert CT in terms.scu_classes
    assert not terms.is_scp_of(CT)
    assert not terms.is_scp_of(PRIVATE)
    assert terms.is_scp_of(GET)


def test_extended_negotiation_says_what_a_service_supports() -> None:
    support = entity().terms(None).extended_support
    assert (support[FIND], support[GET]) == (b"\1\1\1\1", b"\1")
    assert set(support) == query_retrieve("FIND", "MOVE", "GET") - INSTANCE_ROOT
    assert entity(services=["storage"]).terms(None).extended_support == {}


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
    supported = entity(services=["storage"], storage_sop_classes="any").supported
    assert PRIVATE in supported
    assert FIND not in supported
    assert "not a uid" not in supported
    assert len(supported) == len(STORAGE) == len(list(supported))
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
