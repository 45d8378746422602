"""The Capabilities Description: a WADL document, made of the same tables (PS3.18 annex H).

Resources stand in each other as their paths do. OPTIONS, by which the description is retrieved, is
not in it: WADL is not self-describing (PS3.18 annex H).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from xml.sax.saxutils import escape, quoteattr

from pacsd import __version__
from pacsd.dicomweb.headers import location
from pacsd.net.web.described_values import IN_PATH, IN_QUERY, matches_of, name_of
from pacsd.net.web.operations import DescribedAnswer, Transaction, transactions

NAMESPACE = "http://wadl.dev.java.net/2009/02"

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_UNDESCRIBED = frozenset({"OPTIONS"})


def capabilities(root_url: str) -> bytes:
    """The Capabilities Description of the service with this base URI."""
    head = f'{_DECLARATION}<application xmlns="{NAMESPACE}"><doc title="pacsd {__version__}"/>'
    base = quoteattr(location(root_url))
    body = f"{head}<resources base={base}>{_resources()}</resources></application>"
    return body.encode()


@dataclass(slots=True)
class _Node:
    """A segment of paths: what can be done there, and the segments behind it."""

    transactions: list[Transaction] = field(default_factory=list)
    behind: "dict[str, _Node]" = field(default_factory=dict)


@cache
def _resources() -> str:
    root = _Node()
    for each in transactions():
        if each.method not in _UNDESCRIBED:
            node = root
            for segment in each.path.split("/")[1:]:
                node = node.behind.setdefault(segment, _Node())
            node.transactions.append(each)
    return "".join(_children(root))


def _children(node: _Node) -> Iterator[str]:
    for segment, child in node.behind.items():
        yield f"<resource path={quoteattr(segment)}>"
        if segment.startswith("{"):
            name = segment.strip("{}")
            yield _parameter(name, "template", IN_PATH[name][0], required="true")
        for transaction in child.transactions:
            yield from _method(transaction)
        yield from _children(child)
        yield "</resource>"


def _method(transaction: Transaction) -> Iterator[str]:
    yield f"<method name={quoteattr(transaction.method)} id={quoteattr(transaction.id)}>"
    yield f"<doc title={quoteattr(transaction.name)}>{escape(transaction.operation.summary)}</doc>"
    yield "<request>"
    yield from _accept(transaction)
    for name in transaction.operation.query:
        if name == "match":
            yield from _matches(transaction)
        else:
            yield _parameter(name_of(name), "query", IN_QUERY[name][0])
    for media_type in transaction.operation.takes:
        yield f"<representation mediaType={quoteattr(media_type)}/>"
    yield "</request>"
    for answer in transaction.answers:
        yield from _response(answer)
    statuses = " ".join(map(str, sorted(transaction.operation.problems)))
    yield f'<response status="{statuses}"><representation mediaType="application/json"/></response>'
    yield "</method>"


def _accept(transaction: Transaction) -> Iterator[str]:
    """The media types of the answer, the default first."""
    media_types = transaction.answers[0].media_types
    yield f'<param name="Accept" style="header" default={quoteattr(media_types[0])}>'
    for media_type in media_types:
        yield f"<option value={quoteattr(media_type)}/>"
    yield "</param>"


def _matches(transaction: Transaction) -> Iterator[str]:
    properties = matches_of(transaction.kind)["properties"]
    if isinstance(properties, dict):
        for name in properties:
            yield _parameter(name, "query", "")


def _parameter(name: str, style: str, text: str, *, required: str = "false") -> str:
    begin = f'<param name={quoteattr(name)} style="{style}" required="{required}"'
    return f"{begin}><doc>{escape(text)}</doc></param>" if text else f"{begin}/>"


def _response(answer: DescribedAnswer) -> Iterator[str]:
    yield f'<response status="{answer.status}"><doc>{escape(answer.meaning)}</doc>'
    for media_type in answer.media_types:
        yield f"<representation mediaType={quoteattr(media_type)}/>"
    yield "</response>"
