"""pynetdicom as a peer: everything an association can negotiate, and data sets byte for byte."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pynetdicom import AE, _config, evt
from pynetdicom.pdu_primitives import (
    AsynchronousOperationsWindowNegotiation,
    SCP_SCU_RoleSelectionNegotiation,
    SOPClassCommonExtendedNegotiation,
    SOPClassExtendedNegotiation,
    UserIdentityNegotiation,
)
from pynetdicom.sop_class import CTImageStorage, Verification

from pacsd.dicom.registry import Service, sop_classes, transfer_syntaxes
from tests.interop import peers
from tests.interop.objects import (
    COLLECTION,
    Part10,
    Store,
    at_home,
    ct_small,
    storable_files,
    together,
)
from tests.interop.versions import KEPT, STATUS_OF, Versions, facts, names

ALL_SYNTAXES = [syntax.uid for syntax in transfer_syntaxes()]

# The first test starts the daemon, and pynetdicom polls: both may take long on a busy machine.
pytestmark = pytest.mark.timeout(180)


@contextmanager
def associated(ae: AE, port: int, items: list[Any] | None = None) -> Iterator[Any]:
    association = ae.associate(peers.LOOPBACK, port, ae_title="PACSD", ext_neg=items)
    assert association.is_established
    try:
        yield association
    finally:
        association.release()
    assert association.is_released


def echo_ae() -> AE:
    ae = AE(ae_title="PYNETDICOM")
    ae.add_requested_context(Verification)
    ae.add_requested_context(CTImageStorage)
    return ae


def test_it_echoes(port: int) -> None:
    with associated(echo_ae(), port) as association:
        assert [association.send_c_echo().Status for _ in range(20)] == [0] * 20


def test_128_contexts_of_all_syntaxes(port: int) -> None:
    ae = AE()
    ae.add_requested_context(Verification)
    for storage in [known.uid for known in sop_classes(Service.STORAGE)][:127]:
        ae.add_requested_context(storage, ALL_SYNTAXES)
    with associated(ae, port) as association:
        assert len(association.accepted_contexts) == 128
        assert association.send_c_echo().Status == 0


def test_asynchronous_operations_window(port: int) -> None:
    window = AsynchronousOperationsWindowNegotiation()
    window.maximum_number_operations_invoked = 0
    window.maximum_number_operations_performed = 4
    with associated(echo_ae(), port, [window]) as association:
        assert association.acceptor.asynchronous_operations == (16, 4)
        assert association.send_c_echo().Status == 0


def test_role_selection(port: int) -> None:
    role = SCP_SCU_RoleSelectionNegotiation()
    role.sop_class_uid, role.scu_role, role.scp_role = CTImageStorage, True, True
    with associated(echo_ae(), port, [role]) as association:
        (context,) = [
            context
            for context in association.accepted_contexts
            if context.abstract_syntax == CTImageStorage
        ]
        # Who stores at us is SCU; who retrieves by C-GET is SCP.
        assert (context.as_scu, context.as_scp) == (True, True)


@pytest.mark.parametrize("kind", [1, 2, 3, 4, 5])
def test_user_identities_are_taken_note_of(port: int, kind: int) -> None:
    identity = UserIdentityNegotiation()
    identity.user_identity_type = kind
    identity.primary_field = b"somebody"
    if kind == 2:
        identity.secondary_field = b"something"
    with associated(echo_ae(), port, [identity]) as association:
        assert association.send_c_echo().Status == 0


def test_extended_negotiation(port: int) -> None:
    extended = SOPClassExtendedNegotiation()
    extended.sop_class_uid = CTImageStorage
    extended.service_class_application_information = b"\2\0\3\0\1\0"
    shared = SOPClassCommonExtendedNegotiation()
    shared.sop_class_uid = CTImageStorage
    shared.service_class_uid = "1.2.840.10008.4.2"
    with associated(echo_ae(), port, [extended, shared]) as association:
        assert association.send_c_echo().Status == 0


def test_it_stores_a_data_set_it_encodes(store: Store) -> None:
    with associated(echo_ae(), store.port) as association:
        assert association.send_c_store(dcmread(ct_small().path)).Status == 0
    (stored,) = store.new()
    assert stored.meta["SendingApplicationEntityTitle"] == "PYNETDICOM"
    assert dcmread(stored.path) == dcmread(ct_small().path)


@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore::UserWarning")  # devices write such objects
def test_every_object_is_kept_byte_for_byte(
    store: Store, subtests: pytest.Subtests, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also those that are another version of one sent before: in quarantine."""
    monkeypatch.setattr(_config, "STORE_SEND_CHUNKED_DATASET", value=True)
    versions = Versions()
    files = together(storable_files(), at_home(storable_files(), tmp_path))
    for syntax, sent in files.items():
        with subtests.test(syntax=syntax, objects=len(sent)):
            news = [versions.add(each) for each in sent]
            statuses = send(store.port, syntax, sent)
            assert dict(zip(names(sent), statuses, strict=True)) == {
                name: STATUS_OF[new] for name, new in zip(names(sent), news, strict=True)
            }
            kept = [each for each, new in zip(sent, news, strict=True) if new in KEPT]
            assert kept or not COLLECTION.is_dir()
            stored = store.new()
            assert [facts(each) for each in stored] == [facts(each) for each in kept]
            for each in stored:
                dcmread(each.path, stop_before_pixels=True)


def send(port: int, syntax: str, objects: Sequence[Part10]) -> list[int]:
    """Send data sets as the files have them, over one association: the statuses."""
    ae = AE()
    for sop_class_uid in {each.sop_class_uid for each in objects}:
        ae.add_requested_context(sop_class_uid, syntax)
    with associated(ae, port) as association:
        return [association.send_c_store(each.path).Status for each in objects]


def test_we_echo_it() -> None:
    ae = AE(ae_title="PYNETDICOM")
    ae.add_supported_context(Verification)
    callers: list[str] = []

    def answer(event: evt.Event) -> int:
        callers.append(event.assoc.requestor.ae_title)
        return 0

    handlers = [(evt.EVT_C_ECHO, answer)]
    server = ae.start_server((peers.LOOPBACK, 0), block=False, evt_handlers=handlers)
    try:
        peer = f"PYNETDICOM={peers.LOOPBACK}:{server.server_address[1]}"
        said = peers.run(sys.executable, "-m", "pacsd", "echo", peer, "--ae-title", "US")
    finally:
        server.shutdown()
    assert "1 C-ECHO answered" in said
    assert callers == ["US"]
