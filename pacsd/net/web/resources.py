"""The resources that are served, and by which service each method (PS3.18 section 10.1.1)."""

from collections.abc import Mapping
from enum import StrEnum

from pacsd.dicomweb.required_attributes import SEARCHES
from pacsd.dicomweb.targets import Kind


class WebService(StrEnum):
    """What can be done with resources."""

    SEARCH = "QIDO-RS"
    INSTANCES = "WADO-RS: DICOM files"
    METADATA = "WADO-RS: metadata"
    FRAMES = "WADO-RS: frames"
    BULK_DATA = "WADO-RS: bulk data"
    STORE = "STOW-RS"
    DELETE = "soft delete"
    CHANGES = "change feed"
    OVERVIEW = "page to try it, or links"
    CAPABILITIES = "capabilities"
    OPENAPI = "OpenAPI description"


_SEARCH = {"GET": WebService.SEARCH}
_INSTANCES = {"GET": WebService.INSTANCES, "DELETE": WebService.DELETE}
_METADATA = {"GET": WebService.METADATA}

RESOURCES: Mapping[Kind, Mapping[str, WebService]] = {
    **dict.fromkeys(SEARCHES, _SEARCH),
    Kind.ALL_STUDIES: {**_SEARCH, "POST": WebService.STORE},
    Kind.STUDY: {**_INSTANCES, "POST": WebService.STORE},
    Kind.SERIES: _INSTANCES,
    Kind.INSTANCE: _INSTANCES,
    Kind.STUDY_METADATA: _METADATA,
    Kind.SERIES_METADATA: _METADATA,
    Kind.INSTANCE_METADATA: _METADATA,
    Kind.FRAMES: {"GET": WebService.FRAMES},
    Kind.BULKDATA: {"GET": WebService.BULK_DATA},
    Kind.CHANGES: {"GET": WebService.CHANGES},
    Kind.SERVICE: {"GET": WebService.OVERVIEW, "OPTIONS": WebService.CAPABILITIES},
    Kind.CAPABILITIES: {"GET": WebService.CAPABILITIES},
    Kind.OPENAPI: {"GET": WebService.OPENAPI},
}
"""Who answers GET answers HEAD. OPTIONS is answered everywhere: with the methods that there are,
of the service itself with its capabilities (PS3.18 section 8.9.1)."""
