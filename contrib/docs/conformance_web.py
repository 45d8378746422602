"""DICOMweb in the conformance statement: which resources there are, and the bounds of requests."""

from contrib.docs.sections import Section, code, table
from pacsd.archive import file_sets
from pacsd.dicomweb import change_parameters, multipart, parameters, query_string, targets
from pacsd.net import http_connection
from pacsd.net.web import storing
from pacsd.net.web.resources import RESOURCES


def resources() -> str:
    """Each resource with its methods, and what they do."""
    rows = [
        (
            code(targets.TEMPLATES[kind]),
            ", ".join(f"{method} ({service})" for method, service in methods.items()),
        )
        for kind, methods in RESOURCES.items()
    ]
    return table(("Path", "Methods"), rows)


def bounds() -> str:
    """What a request may be, and how a larger one is answered."""
    kib, mib = 1024, 1024**2
    rows = [
        ("connections", f"{http_connection.MAX_CONNECTIONS}", "503"),
        ("parameters of a query", f"{query_string.MAX_PARAMETERS}", "400"),
        ("characters of a value to match", f"{parameters.MAX_VALUE_LENGTH}", "400"),
        ("characters of a path", f"{targets.MAX_PATH_LENGTH}", "400"),
        ("frames of one request", f"{targets.MAX_FRAMES}", "400"),
        ("changes of one answer", f"{change_parameters.MAX_LIMIT}", "400"),
        ("seconds to wait for one", f"{change_parameters.MAX_WAIT_S}", "400"),
        ("parts of a payload", f"{storing.MAX_PARTS}", "413"),
        ("bytes of a DICOMDIR", f"{file_sets.MAX_DIRECTORY_BYTES // mib} MiB", "413"),
        ("headers of a part", f"{multipart.MAX_HEADER_BYTES // kib} KiB", "413"),
        (
            "time without a byte moved",
            f"{http_connection.NEXT_REQUEST_TIMEOUT_S:.0f} s",
            "connection closed",
        ),
    ]
    return table(("Of", "At most", "Beyond"), rows)


def sections() -> dict[str, Section]:
    """What is written between the marks of conformance.md."""
    return {"web-resources": resources, "web-bounds": bounds}
