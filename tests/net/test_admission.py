"""Who is let in: every reason for a refusal, its code, and the key it names."""

import pytest

from pacsd.dicom.registry import IMPLICIT_VR_LITTLE_ENDIAN, VERIFICATION
from pacsd.net.admission import Admitted, Gatekeeper, Refused
from pacsd.net.ae import ApplicationEntity
from pacsd.net.peers import Guest, Peer, PeerBook
from pacsd.net.places import Places
from pacsd.net.settings import AESettings, DimseSettings
from pacsd.ul.items import UserInformation
from pacsd.ul.pdu import AssociateRJ, AssociateRQ, ProposedContext

CT1 = Peer(ae_title="CT1", host="192.0.2.1")
LOOPBACK = "127.0.0.1"


def gatekeeper(
    *aes: AESettings,
    dimse: DimseSettings | None = None,
    peers: tuple[Peer, ...] = (CT1,),
    places: Places | None = None,
    storing_refusal: str | None = None,
) -> Gatekeeper:
    shared = dimse or DimseSettings()
    own = aes or (AESettings(),)
    return Gatekeeper(
        {ae.title: ApplicationEntity.of(ae, shared) for ae in own},
        PeerBook(peers),
        Places(100, 0) if places is None else places,
        shared.max_associations_per_peer,
        lambda: storing_refusal,
    )


def call(calling: str = "CT1", called: str = "PACSD", *proposed: str) -> AssociateRQ:
    contexts = (
        ProposedContext(2 * number + 1, uid, (IMPLICIT_VR_LITTLE_ENDIAN,))
        for number, uid in enumerate(proposed)
    )
    return AssociateRQ(called, calling, tuple(contexts), UserInformation())


def refused(keeper: Gatekeeper, request: AssociateRQ, address: str = LOOPBACK) -> Refused:
    decision = keeper.decide(request, address)
    assert isinstance(decision, Refused)
    return decision


def test_a_known_peer_from_its_address_is_let_in() -> None:
    decision = gatekeeper().decide(call(), "192.0.2.1")
    assert isinstance(decision, Admitted)
    assert decision.peer == CT1
    assert decision.place.caller == "CT1"


def test_an_unknown_peer_is_welcome_on_loopback_only() -> None:
    keeper = gatekeeper(peers=())
    welcome = keeper.decide(call("ANYBODY"), LOOPBACK)
    assert isinstance(welcome, Admitted)
    assert welcome.place.caller == LOOPBACK
    stranger = refused(keeper, call("ANYBODY"), "192.0.2.9")
    assert stranger.rejection == AssociateRJ(1, 1, 3)
    assert "dimse.unknown_peers" in stranger.key


@pytest.mark.parametrize(("policy", "is_in"), [("refuse", False), ("accept", True)])
def test_unknown_peers_as_the_setting_says(policy: str, is_in: bool) -> None:
    dimse = DimseSettings.model_validate({"unknown_peers": policy})
    for address in (LOOPBACK, "192.0.2.9"):
        decision = gatekeeper(dimse=dimse, peers=()).decide(call("X"), address)
        assert isinstance(decision, Admitted) is is_in


def test_an_ae_title_can_be_stricter_than_the_others() -> None:
    keeper = gatekeeper(AESettings(), AESettings(title="CLOSED", unknown_peers="refuse"))
    assert isinstance(keeper.decide(call("X"), LOOPBACK), Admitted)
    assert refused(keeper, call("X", "CLOSED")).rejection == AssociateRJ(1, 1, 3)


def test_d10_an_unknown_called_ae_title() -> None:
    decision = refused(gatekeeper(), call(called="WRONG"))
    assert decision.rejection == AssociateRJ(1, 1, 7)
    assert decision.key == "ae.title"
    assert "WRONG is none of ours (PACSD)" in decision.why


def test_d10_without_detail_every_refusal_is_the_same() -> None:
    keeper = gatekeeper(dimse=DimseSettings(ae_reject_detail=False, unknown_peers="refuse"))
    for request in (call(called="WRONG"), call("X"), call("A\\B")):
        assert refused(keeper, request).rejection == AssociateRJ(1, 1, 1)


@pytest.mark.parametrize("title", ["", "A\\B", "A\x00B", "A\x1b[2J", "\xc4RZTE"])
def test_d11_what_is_no_ae_title_never_gets_in(title: str) -> None:
    decision = refused(gatekeeper(dimse=DimseSettings(unknown_peers="accept")), call(title))
    assert decision.rejection == AssociateRJ(1, 1, 3)
    assert decision.why.isprintable()


@pytest.mark.parametrize("title", ["../secret/VICTIM", "A\nB", "\x1b]0;x\x07"])
def test_d11_a_called_ae_title_is_safe_to_print(title: str) -> None:
    decision = refused(gatekeeper(), call(called=title))
    assert decision.rejection == AssociateRJ(1, 1, 7)
    assert decision.why.isprintable()


def test_d12_a_known_name_from_a_foreign_address_raises_an_alert() -> None:
    decision = refused(gatekeeper(dimse=DimseSettings(unknown_peers="accept")), call(), "192.0.2.9")
    assert decision.rejection == AssociateRJ(1, 1, 3)
    assert decision.key == "peer.addresses"
    assert decision.is_alert


@pytest.mark.parametrize("address", ["192.0.2.9", LOOPBACK])
def test_a_peer_whose_host_does_not_resolve_is_no_impostor(address: str) -> None:
    peer = Peer(ae_title="CT1", host="ct.example.org")
    keeper = gatekeeper(dimse=DimseSettings(unknown_peers="accept"), peers=(peer,))
    decision = refused(keeper, call(), address)
    assert decision.rejection == AssociateRJ(1, 1, 3)
    assert decision.key == "peer.host"
    assert "ct.example.org only, which does not resolve" in decision.why
    assert not decision.is_alert


@pytest.mark.parametrize("address", ["::1", "::ffff:127.0.0.1", "127.9.9.9"])
def test_loopback_has_more_than_one_address(address: str) -> None:
    assert isinstance(gatekeeper(peers=()).decide(call("X"), address), Admitted)


def test_what_is_no_address_is_not_loopback() -> None:
    assert refused(gatekeeper(peers=()), call("X"), "").rejection == AssociateRJ(1, 1, 3)


def test_an_ae_title_with_its_own_callers() -> None:
    keeper = gatekeeper(AESettings(calling_ae_titles=("CT2",)))
    decision = refused(keeper, call(), "192.0.2.1")
    assert (decision.rejection, decision.key) == (AssociateRJ(1, 1, 3), "ae.calling_ae_titles")


def test_no_list_of_callers_can_name_a_guest() -> None:
    guest = Guest(ae_title="GUEST", host="127.0.0.1")
    keeper = gatekeeper(AESettings(calling_ae_titles=("CT2",)), peers=(guest,))
    assert isinstance(keeper.decide(call("GUEST"), LOOPBACK), Admitted)
    assert refused(keeper, call("GUEST"), "192.0.2.1").key == "peer.addresses"


def test_a_peer_that_may_call_only_another_ae_title() -> None:
    peer = Peer(ae_title="CT1", host="192.0.2.1", called_ae_titles=("OTHER",))
    decision = refused(gatekeeper(peers=(peer,)), call(), "192.0.2.1")
    assert (decision.rejection, decision.key) == (AssociateRJ(1, 1, 3), "peer.called_ae_titles")


def test_d13_no_place_left() -> None:
    keeper = gatekeeper(places=Places(1, 0))
    first = keeper.decide(call("A"), LOOPBACK)
    decision = refused(keeper, call("B"))
    assert decision.rejection == AssociateRJ(2, 3, 2)
    assert decision.key == "dimse.max_associations"
    assert isinstance(first, Admitted)
    keeper.give_back(first)
    assert isinstance(keeper.decide(call("B"), LOOPBACK), Admitted)


def test_d13_a_peers_own_limit_goes_before_the_common_one() -> None:
    peer = Peer(ae_title="CT1", host="192.0.2.1", max_associations=1)
    keeper = gatekeeper(peers=(peer,))
    assert isinstance(keeper.decide(call(), "192.0.2.1"), Admitted)
    assert refused(keeper, call(), "192.0.2.1").key == "peer.max_associations"


def test_d51_while_draining_everybody_is_told_to_come_later() -> None:
    keeper = gatekeeper()
    keeper.is_draining = True
    assert refused(keeper, call(), "192.0.2.1").rejection == AssociateRJ(2, 3, 1)


def test_a_reload_takes_effect_at_once() -> None:
    keeper = gatekeeper()
    keeper.peers = PeerBook([Peer(ae_title="CT2", host="192.0.2.2")])
    assert isinstance(keeper.decide(call("CT2"), "192.0.2.2"), Admitted)
    assert refused(keeper, call("CT1"), "192.0.2.1").rejection == AssociateRJ(1, 1, 3)


CT_IMAGE_STORAGE, STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.2.2.1"


@pytest.mark.parametrize(
    ("proposed", "is_in"),
    [
        ((CT_IMAGE_STORAGE,), False),
        ((VERIFICATION, CT_IMAGE_STORAGE, "1.3.46.670589.2.3.1.1"), False),
        ((VERIFICATION,), True),
        ((CT_IMAGE_STORAGE, STUDY_ROOT_FIND), True),
        ((), True),
    ],
)
def test_row_d39_who_only_stores_is_asked_to_come_later(
    proposed: tuple[str, ...], *, is_in: bool
) -> None:
    keeper = gatekeeper(storing_refusal="store has 5 bytes free, less than 9")
    decision = keeper.decide(call("CT1", "PACSD", *proposed), "192.0.2.1")
    assert isinstance(decision, Admitted) is is_in
    if isinstance(decision, Refused):
        assert decision.rejection == AssociateRJ(2, 3, 1)
        assert decision.key == "store.min_free_bytes"
        assert "5 bytes free" in decision.why
    assert isinstance(gatekeeper().decide(call("CT1", "PACSD", *proposed), "192.0.2.1"), Admitted)
