"""DICOMweb in the conformance statement: resources, and bounds on either side."""

from contrib.docs.sections import Section, code, table
from pacsd.app.cli import send
from pacsd.archive import file_sets
from pacsd.dicom import data_set, json_syntax, open_attributes, xml_syntax
from pacsd.dicomweb import change_parameters, multipart, parameters, query_string, targets
from pacsd.dicomweb.client_profile import PROFILES
from pacsd.net import http_connection
from pacsd.net.web import storing, storing_metadata
from pacsd.net.web.resources import RESOURCES
from pacsd.net.web_client import delivery, searching, session
from pacsd.net.web_client import storing as client_storing


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


def profiles() -> str:
    """What `[[web_client]]` has to choose from."""
    rows = [(code(name), profile.words) for name, profile in PROFILES.items()]
    return table(("Profile", "What differs"), rows)


def bounds() -> str:
    """What a request may be, and how a larger one is answered."""
    kib, mib = 1024, 1024**2
    rows = [
        ("connections", f"{http_connection.MAX_CONNECTIONS}", "503"),
        (
            "connections from one address beyond loopback",
            f"{http_connection.MAX_CONNECTIONS_PER_ADDRESS} (`http.max_connections_per_address`)",
            "503",
        ),
        ("parameters of a query", f"{query_string.MAX_PARAMETERS}", "400"),
        ("characters of a value to match", f"{parameters.MAX_VALUE_LENGTH}", "400"),
        ("characters of a path", f"{targets.MAX_PATH_LENGTH}", "400"),
        ("frames of one request", f"{targets.MAX_FRAMES}", "400"),
        ("changes of one answer", f"{change_parameters.MAX_LIMIT}", "400"),
        ("seconds to wait for one", f"{change_parameters.MAX_WAIT_S}", "400"),
        ("parts of a payload", f"{storing.MAX_PARTS}", "413"),
        ("bytes of metadata", f"{storing_metadata.MAX_METADATA_BYTES // mib} MiB", "413"),
        ("commas in it outside of text, if it is JSON", f"{json_syntax.MAX_COMMAS}", "400"),
        (
            "values in it, with the components of names, if it is XML",
            f"{open_attributes.MAX_VALUES}",
            "400",
        ),
        ("values left out in a row", f"{open_attributes.MAX_LEFT_OUT}", "400"),
        ("bytes of a tag or comment in XML", f"{xml_syntax.MAX_TAG_BYTES // kib} KiB", "400"),
        ("prefixes of namespaces", f"{xml_syntax.MAX_PREFIXES}", "400"),
        ("elements and items in it", f"{data_set.MAX_HEADERS}", "400"),
        ("payloads of metadata at once", f"{storing.METADATA_AT_ONCE}", "503"),
        ("bytes of a DICOMDIR", f"{file_sets.MAX_DIRECTORY_BYTES // mib} MiB", "413"),
        ("headers of a part", f"{multipart.MAX_HEADER_BYTES // kib} KiB", "413"),
        (
            "time without a byte moved",
            f"{http_connection.NEXT_REQUEST_TIMEOUT_S:.0f} s",
            "connection closed",
        ),
    ]
    return table(("Of", "At most", "Beyond"), rows)


def encodings() -> str:
    """What metadata in XML may be encoded in."""
    return ", ".join(map(code, xml_syntax.ENCODINGS))


def client_bounds() -> str:
    """What our own requests are, and what their answers may be."""
    mib = 1 << 20
    waits = session.WebTimeouts()
    rows = [
        ("files in a request of STOW-RS", f"{delivery.MAX_FILES}"),
        ("bytes in one, unless a single file is longer", f"{delivery.MAX_BYTES // mib} MiB"),
        ("bytes of its answer", f"{client_storing.MAX_RESPONSE_BYTES // mib} MiB"),
        (
            "files in a row without an answer to the point, then given up",
            f"{delivery.MAX_FRUITLESS}",
        ),
        ("matches of QIDO-RS asked for at once", f"{searching.PAGE}"),
        ("bytes of an answer to that", f"{searching.MAX_PAGE_BYTES // mib} MiB"),
        ("redirects followed, on the same server", f"{session.MAX_REDIRECTS}"),
        ("repetitions after 429 or 503 with `Retry-After`", f"{session.MAX_RETRIES}"),
        ("a `Retry-After` that is waited for", f"{session.MAX_RETRY_AFTER_S:.0f} s"),
        ("wait for the connection", f"{waits.connect_s:.0f} s"),
        (
            "wait until something moves: `pacsd find`",
            f"{waits.message_s:.0f} s, or `--timeout`",
        ),
        ("the same: `pacsd send`", f"{send.STORE_TIMEOUT_S:.0f} s"),
        ("the same: `pacsd get`", "600 s, or `--timeout`"),
    ]
    return table(("Of", "At most"), rows)


def sections() -> dict[str, Section]:
    """What is written between the marks of conformance.md."""
    return {
        "web-resources": resources,
        "web-encodings": encodings,
        "web-profiles": profiles,
        "web-bounds": bounds,
        "web-client-bounds": client_bounds,
    }
