import pytest
from yarl import URL

from pacsd.net.web_client.service_root import ServiceRoot, ServiceRootError


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("http://127.0.0.1:8080/dicomweb", "http://127.0.0.1:8080/dicomweb"),
        ("http://127.0.0.1:8080/dicomweb/", "http://127.0.0.1:8080/dicomweb"),
        ("https://pacs.example", "https://pacs.example"),
        ("https://pacs.example/a%20b/rs", "https://pacs.example/a%20b/rs"),
        ("http://[::1]:8042/dicom-web/", "http://[::1]:8042/dicom-web"),
    ],
)
def test_a_root(text: str, said: str) -> None:
    root = ServiceRoot.parse(text)
    assert str(root) == said
    assert str(root.below("/studies?limit=1")) == f"{said}/studies?limit=1"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("http://", "is no http:// or https:// URL"),
        ("http:///dicomweb", "is no http:// or https:// URL"),
        ("ftp://a/b", "is no http:// or https:// URL"),
        ("http://a:0/", "is no http:// or https:// URL"),
        ("http://a:99999/", "is no URL"),
        ("http://[::1/", "is no URL"),
        ("http://a/b?c=d", "query or fragment"),
        ("http://a/b?", "query or fragment"),
        ("http://a/b#c", "query or fragment"),
        ("http://a/b c", "characters"),
        ("http://a/b\r\nHost: c", "characters"),
        ("http://a\\b/", "characters"),
        ("http://\xe4/", "characters"),
        ("http://a/../b", "odd segments"),
        ("http://a//b", "odd segments"),
        ("http://a/%2e%2e/b", "odd segments"),
        ("http://a/" + "b" * 3_000, "too many"),
    ],
)
def test_what_is_none(text: str, why: str) -> None:
    with pytest.raises(ServiceRootError, match=why) as refused:
        ServiceRoot.parse(text)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("text", ["http://me:secret@a/b", "http://secret@a/b", "http://:secret@a/"])
def test_a_password_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ServiceRootError, match="user name or password") as refused:
        ServiceRoot.parse(text)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "is_secret"),
    [
        ("https://pacs.example", True),
        ("http://localhost:8080", True),
        ("http://127.0.0.2", True),
        ("http://[::1]", True),
        ("http://pacs.example", False),
        ("http://10.0.0.1", False),
        ("http://localhost.example", False),
    ],
)
def test_who_else_hears_what_is_said(text: str, is_secret: bool) -> None:
    assert ServiceRoot.parse(text).is_secret is is_secret


def test_the_same_origin() -> None:
    root = ServiceRoot.parse("http://a:80/b")
    assert root.is_same_origin(URL("http://a/elsewhere"))
    assert not root.is_same_origin(URL("http://a.b/"))
    assert not root.is_same_origin(URL("http://a:81/"))
    assert not root.is_same_origin(URL("https://a:80/"))
    assert not root.is_tls
