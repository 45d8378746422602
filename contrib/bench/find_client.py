"""C-FIND as the client of the measures does it, and the C-STORE of what is to be found."""

import random
import socket
import time
from dataclasses import dataclass
from itertools import product
from statistics import median, quantiles

from contrib.bench import messages
from contrib.bench.cohort import SERIES, Cohort, data_set
from contrib.bench.inbox import STATUS, Inbox
from contrib.bench.queries import QUERIES
from contrib.bench.wire import NoAnswer, Report, associate, connect, read_pdu, release
from pacsd.dimse.commands import CFindRQ
from pacsd.ul.pdu import PDUType

DIFFERENT = 200
"""So many requests are made beforehand, of studies at random, and sent in turn."""

WARM_UP = 0.2
"""The part of the queries that is not counted."""

_AT_LEAST = 3
_PENDING = frozenset({0xFF00, 0xFF01})
_SUCCESS = 0x0000
_PIXELS = b"".join(messages.image_elements(2))


@dataclass(frozen=True, slots=True)
class _Took:
    """Seconds from the request to the first match, if any, and to the final response."""

    first_s: float
    last_s: float


def run_find(port: int, seconds: float, timeout_s: float, query: str, cohort: Cohort) -> Report:
    """One query after the other on one association; each must give the matches that are right."""
    connection = connect(port, timeout_s)
    answer = associate(connection, messages.ASSOCIATE_RQ_FIND)
    requests = _requests(query, cohort, messages.max_length(answer))
    inbox = Inbox(connection)
    took: list[_Took] = []
    ends = time.perf_counter() + seconds
    while len(took) < _AT_LEAST or time.perf_counter() < ends:
        request, matches = requests[len(took) % len(requests)]
        took.append(_ask(connection, inbox, request, matches))
    release(connection)
    counted = took[max(1, int(len(took) * WARM_UP)) :]
    last_ms = [each.last_s * 1e3 for each in counted]
    return {
        "p50_ms": median(last_ms),
        "p95_ms": quantiles(last_ms, n=20, method="inclusive")[-1],
        "first_ms": median(each.first_s for each in counted) * 1e3,
        "total": len(took),
    }


def _requests(query: str, cohort: Cohort, max_length: int) -> list[tuple[bytes, int]]:
    """Requests as PDUs, each with its right number of matches."""
    chance = random.Random(1)
    made = []
    for _ in range(min(DIFFERENT, cohort.studies)):
        asked = QUERIES[query](cohort, chance.randrange(cohort.studies))
        command = CFindRQ(message_id=1, affected_sop_class_uid=messages.STUDY_ROOT_FIND)
        made.append((messages.pdus(command, asked.identifier(), max_length), asked.matches))
    return made


def _ask(connection: socket.socket, inbox: Inbox, request: bytes, wanted: int) -> _Took:
    matches, first_s = 0, 0.0
    began = time.perf_counter()
    connection.sendall(request)
    while True:
        response = inbox.read()
        if response is None:
            raise NoAnswer("released")
        status = response.number(STATUS)
        if status not in _PENDING:
            break
        if not matches:
            first_s = time.perf_counter() - began
        matches += 1
    last_s = time.perf_counter() - began
    if status != _SUCCESS or matches != wanted:
        raise NoAnswer(f"{matches} matches instead of {wanted}, status {status:04X}")
    return _Took(first_s or last_s, last_s)


def run_fill(port: int, timeout_s: float, cohort: Cohort, studies: range) -> Report:
    """C-STORE all images of some studies of a cohort."""
    connection = connect(port, timeout_s)
    max_length = messages.max_length(associate(connection, messages.ASSOCIATE_RQ_STORE))
    total = 0
    for study in map(cohort.study, studies):
        for series, image in product(range(SERIES), range(cohort.images)):
            content = data_set(study.texts(series, image)) + _PIXELS
            uid = study.instance_uid(series, image)
            connection.sendall(messages.store_request(uid, content, max_length))
            if not messages.is_success(read_pdu(connection, PDUType.P_DATA_TF)):
                raise NoAnswer(f"object {total + 1} was not stored")
            total += 1
    release(connection)
    return {"total": total}
