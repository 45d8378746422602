import pytest

from pacsd.app.conf.environment import read_environment
from pacsd.app.conf.sources import Origin


def values(environ: dict[str, str]) -> dict[tuple[str | int, ...], object]:
    overrides, errors = read_environment(environ)
    assert errors == []
    return {override.path: override.value for override in overrides}


def fault(environ: dict[str, str]) -> str:
    _, errors = read_environment(environ)
    (error,) = errors
    return str(error)


def test_names_of_keys() -> None:
    assert values({"PACSD_DIMSE__MAX_ASSOCIATIONS": "7", "PACSD_PEERS_FILE": "p", "HOME": "h"}) == {
        ("dimse", "max_associations"): "7",
        ("peers_file",): "p",
    }


def test_lists_are_json_or_left_to_be_split() -> None:
    assert values({"PACSD_DIMSE__LISTEN": '["a:1", "b:2"]'}) == {
        ("dimse", "listen"): ["a:1", "b:2"]
    }
    assert values({"PACSD_LOG__TRACE": "values,payload"}) == {("log", "trace"): "values,payload"}
    assert values({"PACSD_AE": '[{"title":\n"A"}]'}) == {("ae",): [{"title": "A"}]}


def test_keys_of_plugins() -> None:
    assert values(
        {
            "PACSD_PLUGINS__STORE_FS__THREADS": "8",
            "PACSD_PLUGINS__STORE_FS__ROOT": "/a/b",
            "PACSD_PLUGINS__STORE_FS__NAME": '"8"',
        }
    ) == {
        ("plugins", "store_fs", "threads"): 8,
        ("plugins", "store_fs", "root"): "/a/b",
        ("plugins", "store_fs", "name"): "8",
    }


def test_origin_is_the_variable() -> None:
    overrides, _ = read_environment({"PACSD_LOG__LEVEL": "debug", "PACSD_HTTP": ""})
    assert [override.origin for override in overrides] == [
        Origin("environment", "PACSD_LOG__LEVEL"),
        Origin("environment", "PACSD_HTTP"),
    ]


def test_short_names() -> None:
    assert values(
        {
            "PACSD_DIMSE": "127.0.0.1:1",
            "PACSD_CONFIG": "c",
            "PACSD_PEER": "A=h:1",
            "PACSD_HTTP_TOKEN": "t",
        }
    ) == {("dimse", "listen"): "127.0.0.1:1"}


def test_unknown_variable_names_the_nearest() -> None:
    assert fault({"PACSD_DIMSE__MAX_ASOCIATIONS": "7"}) == (
        "environment: PACSD_DIMSE__MAX_ASOCIATIONS: unknown variable; "
        "did you mean PACSD_DIMSE__MAX_ASSOCIATIONS?"
    )
    assert fault({"PACSD_QQQQQQQQQQ": "7"}).endswith("unknown variable")


def test_two_variables_for_one_key() -> None:
    text = fault({"PACSD_DIMSE": "a:1", "PACSD_DIMSE__LISTEN": "a:1"})
    assert text == "environment: PACSD_DIMSE: PACSD_DIMSE__LISTEN sets the same; set one of them"


def test_bytes_that_are_not_text() -> None:
    assert fault({"PACSD_DATA_DIR": "\udce4"}) == "environment: PACSD_DATA_DIR: is not UTF-8"


@pytest.mark.parametrize(
    "name",
    ["PACSD_SERVICE_HOST", "PACSD_SERVICE_PORT_DICOM", "PACSD_PORT", "PACSD_PORT_104_TCP_ADDR"],
)
def test_what_kubernetes_sets_is_not_ours(name: str) -> None:
    assert values({name: "tcp://10.0.0.1:104"}) == {}
