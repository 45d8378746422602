"""Hostile and abnormal input, and the tests that prove the answer."""

import ast
import re
from collections import defaultdict
from pathlib import Path

from contrib.docs.sections import code, table

ROWS = {
    "D01": ("connect, send nothing", "closed when ARTIM expires, no PDU"),
    "D02": (
        "a thousand idle or trickling connections",
        "a deadline per PDU; others served",
    ),
    "D03": ("HTTP or TLS on the DICOM port", "A-ABORT(0,0) or close; no memory by a false length"),
    "D04": ("A-ASSOCIATE-RQ of length FFFFFFFFH", "A-ABORT(0,0) at once"),
    "D05": ("lengths that contradict their items", "A-ABORT(0,0)"),
    "D06": (
        "16,000 sub-items that declare 65,535 bytes",
        "A-ABORT(0,0); memory as received",
    ),
    "D07": ("129 contexts; even, zero or repeated context ids", "A-ABORT(0,0)"),
    "D08": ("protocol version bit 0 clear", "RJ(1,2,2)"),
    "D09": ("unknown application context", "RJ(1,1,2)"),
    "D10": (
        "unknown called or calling AE title",
        "RJ(1,1,7), RJ(1,1,3); or RJ(1,1,1)",
    ),
    "D11": (
        "AE titles that are paths or control characters",
        "rejected; escaped wherever shown",
    ),
    "D12": ("a known AE title from a foreign address", "RJ(1,1,3), warning and metric"),
    "D13": ("more associations than allowed", "RJ(2,3,2); places kept for known peers"),
    "D15": ("no abstract or transfer syntax in common", "accepted with result 3 or 4 per context"),
    "D16": ("an association PDU inside an association", "A-ABORT(2,2)"),
    "D17": ("a PDU type that does not exist", "A-ABORT(2,1)"),
    "D18": ("P-DATA before an association", "A-ABORT(0,0)"),
    "D19": ("a PDU longer than announced", "tolerated and counted up to twice, then A-ABORT(2,6)"),
    "D20": ("PDV lengths that cannot be", "A-ABORT(2,6)"),
    "D21": ("a PDV on a context never accepted", "A-ABORT(2,6)"),
    "D22": ("a data set before its command; two commands mixed", "A-ABORT; no half object"),
    "D23": (
        "no last fragment; empty ones without end",
        "A-ABORT; nothing left",
    ),
    "D24": (
        "maximum length 0, 1, 7, FFFFFFFFH",
        "0 = our own bound; too small rejected",
    ),
    "D25": (
        "a damaged command set",
        "0110, 0211 or 0212 if answerable, else A-ABORT(0,0)",
    ),
    "D26": ("a Message ID in use; more operations than negotiated", "0210; A-ABORT(0,0)"),
    "D27": ("C-STORE of another class than its context", "0122"),
    "D28": ("a data set of another SOP Class or Instance", "A900, the element named"),
    "D29": (
        "a SOP Instance UID that is a path, no UID, or has leading zeros",
        "0117; with leading zeros stored and counted; a UID is never part of a path",
    ),
    "D30": (
        "odd lengths, wrong order, unknown VRs, cut short, also in Pixel Data",
        "stored as sent and counted; B007 where the peer wants it; C000 if nobody can read it",
    ),
    "D31": ("sequences nested 65 deep and deeper", "C000"),
    "D32": ("a deflated data set that inflates without end", "only its beginning is inflated"),
    "D35": (
        "a preamble that makes the file a program, a script, a page, or a TIFF file",
        "stored as zeros and counted; that of a TIFF file is kept, by setting; file mode 0600",
    ),
    "D36": ("the same object again, also sixteen times at once", "0000, kept once"),
    "D37": (
        "another object under a known SOP Instance UID",
        "C010, or B000 by peer; the first stays, this one goes to quarantine; never overwritten",
    ),
    "D38": ("another patient in a known study", "0000; durable, held, not shown; a warning"),
    "D39": (
        "disk full, read-only or broken, at every step",
        "A700; nothing half kept; who only stores is rejected for now before it is full",
    ),
    "D40": (
        "`*` a thousand times, 64 KB values, SQL, 10,000 UIDs",
        (
            "A900 for a value of more than 1 KiB or too many of them; else matches up to the "
            "limit, then A700; a second of searching at most"
        ),
    ),
    "D41": ("a level, key or range that is none", "A900 with the attribute at fault"),
    "D42": ("a query whose answers nobody reads", "it pauses; ended at the network timeout"),
    "D43": ("C-CANCEL before, during, after an operation", "FE00, or ignored"),
    "D44": (
        "C-MOVE to an unknown AE title, or to ourselves; a loop between two servers",
        (
            "A801; only to peers of the peers file with `move_destination`; what comes by C-MOVE "
            "is stored and routed as anything else, Move Originator is not looked at; what is "
            "there already is not stored, and so not routed, a second time: a loop ends after one "
            "round. Where coercions make new instances their copies are marked, and none is made "
            "of what it copied here before, nor of what has 16 marks: the delivery says so"
        ),
    ),
    "D45": ("a destination that dies half-way", "B000 or A702; counts add up"),
    "D46": ("C-GET without the SCP role", "each sub-operation fails: A702; no abort"),
    "D47": (
        (
            "N-ACTION of storage commitment: 100,000 instances; a Transaction UID twice; one "
            "instance never seen, of another class, or damaged on disk"
        ),
        (
            "0213 for more than 20,000, or 1,000 open transactions of a peer, else judged 250 at a "
            "time; 0131; in the result 0112, 0119, 0110: never committed"
        ),
    ),
    "D48": (
        "who asked for storage commitment cannot be told the result",
        (
            "tried again for two days, across restarts, ever more rarely; then a dead job, in the "
            "log and in `pacsd_jobs`"
        ),
    ),
    "D50": ("abort, reset or close in any state", "as table 9-10 says; no half object; place free"),
    "D51": (
        "shutdown while objects arrive",
        "new: RJ(2,3,1); running: finish, then A-ABORT",
    ),
    "D52": (
        "escape sequences and control characters in the keys of a query",
        "text as any other: it matches what it says, or nothing",
    ),
    "C01": ("a damaged configuration file", "exit 2, a line for each error, nothing opened"),
    "C03": ("listening to the world unprotected", "refused unless an unsafe_ key says so"),
    "C04": ("a data directory in the wrong place", "refused"),
    "C06": ("a reload with an error", "all stays as it was"),
    "P01": (
        "a plugin that raises, exits, hangs, blocks, crashes, eats memory or answers nonsense",
        "contained as its home can, in a process of its own altogether; association refused",
    ),
    "P06": (
        "pickle, YAML or code through a plugin's channel",
        "JSON of known types only; the plugin's process is killed",
    ),
    "W02": ("odd paths: `//`, `%2e%2e`, `;x`", "400; nothing is decoded twice"),
    "W03": (
        "lengths, chunks and line ends that contradict",
        "400 at once, and the connection ends; chunk extensions are passed over (RFC 9112)",
    ),
    "W04": (
        "bodies of 4 GB or 2^63 bytes that do not come",
        "413 at once beyond `max_request_bytes`; else 408 after 30 s with less than 16 KiB",
    ),
    "W05": ("headers without end, in a request or a part", "400, 413 or 431"),
    "W06": ("10,000 byte ranges; a suffix of 0", "the whole; 416"),
    "W07": ("compressed bodies, once or twice", "415, 501; nothing is inflated"),
    "W08": ("multipart without boundary, end or measure", "400 or 413; parts are streamed"),
    "W09": ("a part that is no DICOM object", "409 or 202 with C000"),
    "W10": ("STOW-RS to a study, of instances of another", "409 or 202 with A900"),
    "W11": ("STOW-RS of other content under a known UID", "409 or 202 with C010, as D37"),
    "W12": (
        "XML with a DTD, external entities, a billion laughs",
        "400 before anything of it is read; nothing is fetched",
    ),
    "W13": ("JSON 100,000 deep, with NaN, 1e400, keys twice", "400, in linear time"),
    "W14": (
        "BulkDataURI that leads elsewhere: `file:`, `http:`, `gopher:`",
        "409 with C000; nothing is ever fetched",
    ),
    "W15": ("a media type that is unknown, or lies", "406, 415"),
    "W16": ("limits, offsets, parameters and values without measure", "400, or clamped"),
    "W17": ("frames 0, -1, 1e9 or 100,000 of them", "400 or 404"),
    "W19": (
        "DELETE of what is not named, by whom it may not be, of what is on its way out",
        "405, 403; what is on its way leaves whole",
    ),
    "W20": ("names of patients and studies that are paths or devices, in a ZIP", "numbers, UIDs"),
    "W21": ("line breaks in what becomes a header", "encoded"),
    "W22": ("pages of other origins, foreign Host headers", "403, 421; no CORS unless named"),
    "W23": ("pages and pictures in what is fetched by a browser", "`nosniff`, no scripts"),
    "W24": (
        "who reads or sends slowly, or not at all; idle connections",
        "408, or closed, after 30 s without progress; one connection too many gets 503",
    ),
    "W25": ("more requests than allowed, a store that takes nothing", "503 with Retry-After"),
    "W41": (
        "a DICOMweb server whose answers are endless, cut, late or nonsense",
        "an error in words within bounds of bytes and time; half a file never stays",
    ),
    "W42": (
        "a DICOMweb server that leads elsewhere, or is not who it should be",
        "not followed, not asked; the token is shown to nobody else",
    ),
    "P02": (
        "a program of a model that changes its inputs, opens sockets, reads the key file",
        "it has its folder and what is named: namespaces, Landlock; not run without",
    ),
    "P03": (
        "a far store that fails, lies about what it stored, or gives other bytes or too few",
        "nothing acknowledged is lost; no byte is given out that was not verified; told, counted",
    ),
    "P04": (
        "an auth plugin that fails or is late",
        "denied; what it allowed is remembered for 30 s, and not beyond the principal's own time",
    ),
    "P07": (
        "a codec that fails, never returns, or writes nonsense, too much or another object",
        "that object alone fails: a failed sub-operation, 406 or 503; the log says why",
    ),
    "P05": ("two plugins for one name", "the daemon does not start"),
}
"""Row -> what comes in, what happens."""

UNNUMBERED = {
    "C01": (
        "tests/app/conf/test_toml_document.py::test_each_hostile_file_gives_one_line",
        "tests/app/conf/test_reading.py::test_all_errors_at_once_with_their_lines",
    ),
    "C03": (
        "tests/app/conf/test_checks.py::test_beyond_loopback_says_all_that_is_missing",
        "tests/app/conf/test_checks.py::test_beyond_loopback_without_any_peer",
        "tests/app/conf/test_checks.py::test_http_stays_on_loopback",
    ),
    "C04": (
        "tests/app/conf/test_checks.py::test_root_and_what_leads_to_it",
        "tests/app/conf/test_checks.py::test_other_owner",
        "tests/app/conf/test_checks.py::test_in_memory",
    ),
}
"""Tests that prove a row without having its number in their names."""

_NAMED = re.compile(r"(?<=_)([cdpw]\d\d)(?=_|$)")
_NONE = "no test has its number yet"


def render(root: Path) -> str:
    """Each row with its tests."""
    tests = proofs(root)
    rows = [
        (row, given, answer, "<br>".join(tests.get(row, ())) or _NONE)
        for row, (given, answer) in sorted(ROWS.items(), key=lambda item: item[0])
    ]
    return table(("Row", "Input", "Answer", "Tests"), rows)


def proofs(root: Path) -> dict[str, list[str]]:
    """The tests of each row, as links to their files; each file once for a row."""
    names: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row, tests in UNNUMBERED.items():
        for file, _, test in (each.partition("::") for each in tests):
            names[row][file].append(test)
    for folder in ("tests", "plugins"):
        for path in sorted((root / folder).rglob("test_*.py")):
            file = path.relative_to(root).as_posix()
            for test in _tests(path):
                for row in _NAMED.findall(test):
                    names[row.upper()][file].append(test)
    return {
        row: [
            f"[{file}](../../{file}): {', '.join(map(code, tests))}"
            for file, tests in files.items()
        ]
        for row, files in names.items()
    }


def _tests(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        each.name
        for each in ast.walk(tree)
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        and each.name.startswith("test_")
    ]
