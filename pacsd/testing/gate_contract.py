"""The contract suites of gates: plugins that decide about associations and instances.

A plugin's tests subclass one, provide a fixture `plugin`, and pytest does the rest:

    class TestMyGate(AssociationGateContract):
        @pytest.fixture
        def plugin(self, tmp_path):
            return MyGate(fake_host(tmp_path), MySettings(...))

Whatever legal request comes, a gate answers within the deadline and as the hook says; it does not
raise. `call_hook` sees to both, for what it raises is an answer of "no" to every peer at once.
"""

import pytest

from pacsd.api.acceptance import AssociationRequest
from pacsd.api.receiving import ReceivedInstance
from pacsd.testing.hook_call import call_hook
from pacsd.testing.hook_records import association_request, received_instance

_LONGEST_UID = "1." + "2" * 62
_LONGEST_TITLE = "A" * 16
_ALL_SYNTAXES = tuple(f"1.2.840.10008.5.1.4.1.1.{number}" for number in range(1, 129))

ASSOCIATION_REQUESTS = {
    "usual": association_request(),
    "longest names": association_request(
        calling_ae=_LONGEST_TITLE,
        called_ae=_LONGEST_TITLE,
        implementation_class_uid=_LONGEST_UID,
        implementation_version_name="V" * 16,
    ),
    "one letter": association_request(calling_ae="X", called_ae="Y"),
    "no names": association_request(
        calling_ae="", called_ae="", implementation_class_uid="", implementation_version_name=""
    ),
    "blanks inside": association_request(calling_ae="CT 1  UPPER", called_ae="P A C S"),
    "not ASCII": association_request(calling_ae="M\xdcLLER", called_ae="\u653e\u5c04\u7dda"),
    "escapes": association_request(calling_ae=r"M\xfcLLER", implementation_version_name="V\x1b[2J"),
    "a line break": association_request(calling_ae="CT1\nCT2", called_ae="PACSD\0"),
    "128 contexts": association_request(abstract_syntaxes=_ALL_SYNTAXES),
    "128 times the same": association_request(abstract_syntaxes=_ALL_SYNTAXES[:1] * 128),
    "no contexts": association_request(abstract_syntaxes=()),
    "an identity": association_request(user_identity_type=5),
    "IPv6": association_request(peer_host="2001:db8::7", peer_port=65_535),
    "a zone": association_request(peer_host="fe80::1%eth0"),
}
"""What a peer may send, by what is odd about it."""

_NO_TEXT = {
    "PatientName": "",
    "PatientID": "",
    "Modality": "",
    "StudyDate": "",
    "InstanceNumber": "",
}

RECEIVED_INSTANCES = {
    "usual": received_instance(),
    "no text": received_instance(_NO_TEXT),
    "only UIDs, from nobody": received_instance(
        _NO_TEXT, calling_ae="", called_ae="", peer_address="", origin="import"
    ),
    "by the web": received_instance(origin="stow", calling_ae="", peer_address="2001:db8::7"),
    "longest UIDs": received_instance(
        {
            "SOPInstanceUID": _LONGEST_UID,
            "StudyInstanceUID": _LONGEST_UID,
            "SeriesInstanceUID": _LONGEST_UID,
        }
    ),
    "unknown SOP class": received_instance({"SOPClassUID": "1.2.3.4.5.6.7.8.9"}),
    "not ASCII": received_instance({"PatientName": "M\xfcller^J\xf6rg=\u5c71\u7530^\u592a\u90ce"}),
    "escapes": received_instance({"PatientName": "A\x1b[2J^B", "PatientID": r"\x1b\u202e"}),
    "a line break": received_instance({"StudyDescription": "one\r\ntwo\0", "PatientID": "1\n2"}),
    "many values": received_instance({"ImageType": "\\".join(["ORIGINAL"] * 500)}),
    "a long value": received_instance({"StudyDescription": "x" * 65_536}),
    "odd values": received_instance({"Modality": "ct ", "StudyDate": "20269999"}),
    "lower case": received_instance({"Modality": "ct"}, calling_ae="ct1"),
}
"""What may come in, by what is odd about it."""


class AssociationGateContract:
    """What every gate of associations does; the fixture `plugin` gives one."""

    @pytest.mark.parametrize("request_", ASSOCIATION_REQUESTS.values(), ids=ASSOCIATION_REQUESTS)
    async def test_answers_any_association_request(
        self, plugin: object, request_: AssociationRequest
    ) -> None:
        """In time, with a Refusal or None."""
        await call_hook(plugin, "pacsd_association_requested", request=request_)

    async def test_answers_an_association_request_again(self, plugin: object) -> None:
        """The same request has the same answer: nothing was used up by the first."""
        first, second = [
            await call_hook(plugin, "pacsd_association_requested", request=association_request())
            for _ in range(2)
        ]
        assert first == second  # noqa: S101 - assert is how a contract suite speaks


class InstanceGateContract:
    """What every gate of instances does; the same fixture gives it."""

    @pytest.mark.parametrize("instance", RECEIVED_INSTANCES.values(), ids=RECEIVED_INSTANCES)
    async def test_answers_any_instance(self, plugin: object, instance: ReceivedInstance) -> None:
        """In time, with None or what can be carried out: see `pacsd.api.receiving`."""
        await call_hook(plugin, "pacsd_instance_received", instance=instance)
