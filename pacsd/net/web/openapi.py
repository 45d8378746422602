"""The description of DICOMweb for programs: an OpenAPI 3.1 document, made of the tables.

Nothing in it is written twice: paths come from `targets`, methods from `resources`, what they take
and answer from `operations`, bounds from the grammar.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from pacsd import __version__
from pacsd.dicomweb.headers import location
from pacsd.net.web.described_values import (
    IN_HEADER,
    IN_PATH,
    IN_QUERY,
    OF_ANSWER,
    SCHEMAS,
    Json,
    matches_of,
    name_of,
)
from pacsd.net.web.operations import (
    JSON,
    PROBLEM_HEADERS,
    PROBLEMS,
    RELATED,
    DescribedAnswer,
    Transaction,
    transactions,
)

OPENAPI_VERSION = "3.1.0"

_DESCRIPTION = """\
The Studies Service of DICOM PS3.18, with DELETE, changes and this document, which are not of it.

HEAD is answered wherever GET is, OPTIONS everywhere; another method is 405 with `Allow`. What is no
resource is 404. Which representation is sent says the `Accept` header, or the `accept` parameter.
"""
_BINARY: Json = {}
"""Of bytes OpenAPI 3.1 says nothing."""
_VARIABLE = re.compile(r"\{(\w+)\}")


def document(root_url: str, beside: Mapping[str, Json] | None = None) -> Json:
    """The description of the service with this base URI, and of the paths `beside` it."""
    described = _document()
    paths = {**described["paths"], **(beside or {})}
    return {**described, "paths": paths, "servers": [{"url": location(root_url)}]}


@cache
def _document() -> dict[str, Any]:
    paths: dict[str, dict[str, Json]] = {}
    for each in transactions():
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each)
    return {
        "openapi": OPENAPI_VERSION,
        "info": {"title": "pacsd DICOMweb", "version": __version__, "description": _DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "parameters": dict(_parameters()),
            "responses": {f"{status}": _problem(status) for status in PROBLEMS},
        },
    }


def _operation(transaction: Transaction) -> Json:
    operation = transaction.operation
    described: dict[str, object] = {
        "operationId": transaction.id,
        "summary": transaction.name,
        "description": operation.summary,
        "tags": [str(transaction.service)],
        "parameters": list(_parameters_of(transaction)),
        "responses": _responses(transaction),
    }
    if operation.takes:
        content = dict.fromkeys(operation.takes, _BINARY)
        described["requestBody"] = {"required": True, "content": content}
    return described


def _parameters_of(transaction: Transaction) -> Iterator[Json]:
    operation = transaction.operation
    for name in _VARIABLE.findall(transaction.path):
        yield _reference("parameters", name)
    for name in operation.query:
        if name == "match":
            yield _match(transaction)
        else:
            yield _reference("parameters", name)
    for name in operation.headers:
        yield _reference("parameters", name)


def _match(transaction: Transaction) -> Json:
    """Any attribute as a parameter of its own (PS3.18 section 8.3.4.1)."""
    return {
        "name": "match",
        "in": "query",
        "description": "Attributes to be matched, each a parameter: `PatientName=doe*`",
        "style": "form",
        "explode": True,
        "schema": matches_of(transaction.kind),
    }


def _parameters() -> Iterator[tuple[str, Json]]:
    for name, (description, schema) in IN_PATH.items():
        yield name, {**_named(name, "path", description, schema), "required": True}
    for name, (description, schema) in IN_QUERY.items():
        # A list with commas in it, and not a parameter of each: both are read.
        yield name, {**_named(name_of(name), "query", description, schema), "explode": False}
    for name, (description, schema) in IN_HEADER.items():
        yield name, _named(name, "header", description, schema)


def _named(name: str, place: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": place, "description": description, "schema": schema}


def _responses(transaction: Transaction) -> Json:
    given: dict[str, Json] = {
        f"{status}": _reference("responses", f"{status}")
        for status in transaction.operation.problems
    }
    for answer in transaction.answers:
        described = _response(answer)
        if answer.status in transaction.operation.problems:
            described = {**described, **_with_problem(answer)}
        given[f"{answer.status}"] = described
    return dict(sorted(given.items()))


def _with_problem(answer: DescribedAnswer) -> Json:
    """What a status has that stands for an answer and for a problem: either is possible."""
    headers = (*answer.headers, *PROBLEM_HEADERS.get(answer.status, ()))
    content = _contents(answer)
    for media_type, problem in _contents(_PROBLEM).items():
        told = content.get(media_type)
        content[media_type] = problem if told is None else _either(told, problem)
    return {
        "content": content,
        "headers": _headers(headers, answer.maybe),
    }


def _either(answer: Json, problem: Json) -> Json:
    """The content of a media type that both have."""
    return {"schema": {"anyOf": [answer["schema"], problem["schema"]]}}


_PROBLEM = DescribedAnswer(0, "", (JSON,), "Problem")


def _response(answer: DescribedAnswer) -> Json:
    described: dict[str, object] = {"description": answer.meaning}
    if answer.headers or answer.maybe:
        described["headers"] = _headers(answer.headers, answer.maybe)
    if answer.media_types:
        described["content"] = _contents(answer)
    return described


def _contents(answer: DescribedAnswer) -> dict[str, Json]:
    return {media_type: _content(media_type, answer.schema) for media_type in answer.media_types}


def _content(media_type: str, schema: str) -> Json:
    is_json = media_type.endswith("json") and not media_type.startswith(RELATED)
    return {"schema": _reference("schemas", schema)} if is_json and schema else _BINARY


def _problem(status: int) -> Json:
    described: dict[str, object] = {
        "description": PROBLEMS[status],
        "content": _contents(_PROBLEM),
    }
    if status in PROBLEM_HEADERS:
        described["headers"] = _headers(PROBLEM_HEADERS[status])
    return described


def _headers(always: Sequence[str], maybe: Sequence[str] = ()) -> Json:
    return {
        **{name: _header(name, is_required=True) for name in always},
        **{name: _header(name, is_required=False) for name in maybe},
    }


def _header(name: str, *, is_required: bool) -> Json:
    description, schema = OF_ANSWER[name]
    return {"description": description, "required": is_required, "schema": schema}


def _reference(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}
