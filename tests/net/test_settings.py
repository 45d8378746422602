import pytest
from pydantic import ValidationError

from pacsd.api.settings import Settings
from pacsd.net.endpoint import Endpoint
from pacsd.net.http_connection import HttpLimits
from pacsd.net.settings import AESettings, DimseSettings, HttpSettings, RecorderSettings


def rules_of(model: type[Settings], **values: object) -> list[tuple[tuple[object, ...], str]]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(values)
    return [(details["loc"], details["msg"]) for details in caught.value.errors()]


def test_defaults_are_loopback_only() -> None:
    assert DimseSettings().listen == (Endpoint("127.0.0.1", 11112),)
    assert HttpSettings().listen == Endpoint("127.0.0.1", 8080)
    assert DimseSettings().unknown_peers == "loopback"


@pytest.mark.parametrize("model", [DimseSettings, AESettings, HttpSettings, RecorderSettings])
def test_every_key_is_documented(model: type[Settings]) -> None:
    assert all(field.description for field in model.model_fields.values())


def test_listen_takes_a_text_or_a_list() -> None:
    both = (Endpoint("127.0.0.1", 1), Endpoint("::1", 2))
    assert DimseSettings.model_validate({"listen": "127.0.0.1:1, [::1]:2"}).listen == both
    assert DimseSettings.model_validate({"listen": ["127.0.0.1:1", "[::1]:2"]}).listen == both
    assert DimseSettings.model_validate({"listen": []}).listen == ()


def test_listen_names_the_wrong_item() -> None:
    ((loc, rule),) = rules_of(DimseSettings, listen=["127.0.0.1:1", 5])
    assert loc == ("listen", 1)
    assert "HOST:PORT" in rule


def test_http_can_be_off() -> None:
    assert HttpSettings.model_validate({"listen": ""}).listen is None


def test_connections_have_the_bounds_of_the_listener() -> None:
    assert HttpSettings().max_connections_per_address == HttpLimits().max_connections_per_address
    for wrong in (0, HttpLimits().max_connections + 1):
        with pytest.raises(ValidationError, match="max_connections_per_address"):
            HttpSettings(max_connections_per_address=wrong)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("max_associations", 0),
        ("max_associations", 100_001),
        ("artim_timeout_s", 0),
        ("idle_timeout_s", -1),
        ("max_operations_window", 0),
        ("max_data_set_bytes", -1),
        ("unknown_peers", "welcome"),
    ],
)
def test_dimse_bounds(key: str, value: object) -> None:
    ((loc, _),) = rules_of(DimseSettings, **{key: value})
    assert loc == (key,)


def test_reserved_associations_leave_room_for_others() -> None:
    ((loc, rule),) = rules_of(DimseSettings, max_associations=10, reserved_associations=10)
    assert loc == ("reserved_associations",)
    assert rule.endswith("must be < max_associations, which is 10")


@pytest.mark.parametrize("title", ["", "A" * 17, "A\\B", "\u00c4", "A\nB"])
def test_ae_title_follows_the_standard(title: str) -> None:
    ((loc, rule),) = rules_of(AESettings, title=title)
    assert loc == ("title",)
    assert "PS3.5" in rule


def test_transfer_syntaxes_are_uids_or_keywords() -> None:
    ae = AESettings.model_validate(
        {"transfer_syntaxes": ["ExplicitVRLittleEndian", "1.2.840.10008.1.2", "1.3.6.1.4.1.5962.1"]}
    )
    assert ae.transfer_syntaxes == (
        "1.2.840.10008.1.2.1",
        "1.2.840.10008.1.2",
        "1.3.6.1.4.1.5962.1",
    )
    ((loc, rule),) = rules_of(AESettings, transfer_syntaxes=["ExplicitLE"])
    assert loc == ("transfer_syntaxes", 0)
    assert "neither a transfer syntax UID nor a keyword" in rule


def test_overrides_of_an_ae_are_unset_by_default() -> None:
    ae = AESettings()
    assert {ae.strict, ae.unknown_peers, ae.idle_timeout_s, ae.max_associations} == {None}


def test_an_ae_offers_at_least_one_service() -> None:
    assert rules_of(AESettings, services=[])[0][0] == ("services",)
    assert AESettings.model_validate({"services": "verification"}).services == ("verification",)


def test_an_ae_offers_all_services_by_default() -> None:
    services = ("verification", "storage", "query", "retrieve", "commitment")
    assert AESettings().services == services
    loc, rule = rules_of(AESettings, services=["worklist"])[0]
    assert loc == ("services", 0)
    assert "'query'" in rule


def test_unknown_key_is_refused() -> None:
    assert rules_of(RecorderSettings, asociations=1)[0][0] == ("asociations",)
