"""What a client does that stores metadata and bulk data: made by hand, no library has it."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from tests.net.web.serving import BOUNDARY, Answer, Served

JSON, XML = "application/dicom+json", "application/dicom+xml"
RELATED_JSON, RELATED_XML = (
    f'multipart/related; type="{each}"; boundary={BOUNDARY}' for each in (JSON, XML)
)


@dataclass(frozen=True, slots=True)
class Bulk:
    """A part of bulk data."""

    location: str
    body: bytes
    content_type: str = "application/octet-stream"


def written(*parts: tuple[Mapping[str, str], bytes]) -> bytes:
    """A payload of parts with these headers."""
    pieces = []
    for headers, body in parts:
        lines = [f"--{BOUNDARY}", *(f"{name}: {value}" for name, value in headers.items())]
        pieces.append("\r\n".join((*lines, "\r\n")).encode() + body + b"\r\n")
    return b"".join(pieces) + f"--{BOUNDARY}--\r\n".encode()


def upload(metadata: object, *bulk: Bulk, media_type: str = JSON) -> bytes:
    """A payload of metadata, which may be text that is no JSON, and bulk data."""
    text = metadata if isinstance(metadata, bytes) else orjson.dumps(metadata)
    return _payload([text], bulk, media_type)


def upload_xml(documents: Sequence[bytes], *bulk: Bulk) -> bytes:
    """A payload of metadata in XML, a part to an instance, and bulk data."""
    return _payload(documents, bulk, XML)


def _payload(metadata: Sequence[bytes], bulk: Sequence[Bulk], media_type: str) -> bytes:
    parts = [
        ({"Content-Type": each.content_type, "Content-Location": each.location}, each.body)
        for each in bulk
    ]
    return written(*(({"Content-Type": media_type}, each) for each in metadata), *parts)


async def in_pieces(body: bytes) -> AsyncIterator[bytes]:
    """A body, a piece after the other."""
    for at in range(0, len(body), 65_536):
        yield body[at : at + 65_536]


async def post(
    served: Served,
    body: bytes,
    content_type: str = RELATED_JSON,
    target: str = "/studies",
) -> Answer:
    """Store it."""
    headers = {"Content-Type": content_type}
    return await served.ask("POST", target, headers=headers, data=in_pieces(body))


def uris(model: Any) -> Iterator[str]:
    """Every BulkDataURI of a data set in the DICOM JSON model, also within items."""
    if isinstance(model, list):
        for each in model:
            yield from uris(each)
    elif isinstance(model, dict):
        for name, value in model.items():
            if name == "BulkDataURI":
                yield value
            else:
                yield from uris(value)


async def fetched(served: Served, uri: str) -> Sequence[Bulk]:
    """What is at a BulkDataURI: a value, or frames."""
    answer = await served.get(re.sub(r"^http://[^/]+/dicomweb", "", uri), "multipart/related")
    assert answer.status == 200, answer.body
    return [Bulk(uri, part.body, part.headers["content-type"]) for part in answer.parts]
