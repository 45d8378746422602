"""Data sets in the Native DICOM Model: a part each, or one by itself.

PS3.18 section 8.7.3.2, PS3.19 annex A.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence

import anyio.to_thread
import orjson
from aiohttp.web import StreamResponse

from pacsd.dicom.headers import Buffer
from pacsd.dicom.native_xml import to_native_xml
from pacsd.dicomweb.accept import Representation
from pacsd.dicomweb.multipart_writer import PART_END, MultipartWriter
from pacsd.net.web.boundaries import boundary
from pacsd.net.web.exchange import Exchange

DICOM_XML = "application/dicom+xml"
XML_OFFER = Representation(DICOM_XML, is_multipart=True)
ONE_XML_OFFER = Representation(DICOM_XML, is_multipart=False)
"""Of what is one data set whatever is asked."""


async def send_xml(
    exchange: Exchange,
    pages: AsyncGenerator[Sequence[bytes], None],
    headers: Mapping[str, str] | None = None,
) -> StreamResponse:
    """Send what the pages hold as JSON objects; in JSON and XML it is the same model."""
    writer = MultipartWriter(DICOM_XML, boundary())
    return await exchange.send(_parts(writer, pages), writer.content_type, headers=headers)


async def _parts(
    writer: MultipartWriter, pages: AsyncGenerator[Sequence[bytes], None]
) -> AsyncGenerator[Buffer, None]:
    async for page in pages:
        for data in await anyio.to_thread.run_sync(_converted, page):
            yield writer.part(length=len(data)) + data + PART_END
    yield writer.closing


def _converted(objects: Sequence[bytes]) -> list[bytes]:
    """In a thread: a header of 250 elements takes 2 ms."""
    return [to_native_xml(orjson.loads(each)) for each in objects]
