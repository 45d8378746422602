"""C-FIND over 100,000 studies; for pacsd, whose index is filled directly.

There are no files behind the index, so nothing but queries would work.
"""

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

from contrib.bench import servers
from contrib.bench.archives import filled
from contrib.bench.cohort import SERIES, Cohort, Study
from contrib.bench.figures import FULL, Measure, Scale, Values
from contrib.bench.index_growth import now_us
from contrib.bench.messages import CT_IMAGE_STORAGE, EXPLICIT_VR_LE
from contrib.bench.query import ask_all, figures
from contrib.bench.servers import Peer, Server, Service
from pacsd.api.reception import Reception
from pacsd.index.index import open_index
from pacsd.index.records import NewCopy, NewInstance
from pacsd.index.sqlite import Durability

GROUP = 1_000
"""Instances of one transaction."""

_QUERIES = {
    "patient-id": "Patient ID",
    "two-days": "Study Date, a range of two days",
    "smith": "Patient's Name SMITH*",
    "mith": "Patient's Name *MITH*",
    "modality": "Modalities in Study and Study Date",
    "all": "all studies",
}
_TARGETS = {
    "patient-id": "<= 2",
    "two-days": "<= 10",
    "smith": "<= 10",
    "mith": "<= 150",
    "modality": "<= 20",
}
_READS_NO_FILES = {
    "PACSD_SCRUB__ENABLED": "false",
    "PACSD_DICOMWEB__METADATA_AHEAD": "false",
}
_KEYS = frozenset({0x00080016, 0x00080018, 0x0020000D, 0x0020000E, 0x00100020})


def take(peer: Peer, scale: Scale) -> Values:
    """Measure one server."""
    with indexed(peer, scale) as server:
        return ask_all("scale", server, scale.seconds, str(scale.indexed), _QUERIES)


@contextmanager
def indexed(peer: Peer, scale: Scale) -> Iterator[Server]:
    """Start a server with the index.

    What reads the files of what is new would find none, and take its time for that.
    """
    peer = replace(peer, environment={**peer.environment, **_READS_NO_FILES})
    folder = filled(f"scale-{scale.indexed}", peer, scale, partial(_fill, peer, scale.indexed))
    with servers.running(peer, folder) as server:
        yield server


def _fill(peer: Peer, cohort: Cohort, folder: Path) -> None:
    with servers.running(peer, folder):
        pass
    asyncio.run(fill_index(folder / "data" / "index", cohort))


async def fill_index(folder: Path, cohort: Cohort) -> None:
    """Add all instances of a cohort to the index of an archive that is not in use."""
    left = instances(cohort)
    async with open_index(folder, now_us=now_us, durability=Durability.RELAXED) as index:
        while group := list(islice(left, GROUP)):
            await index.add(group)


def instances(cohort: Cohort) -> Iterator[NewInstance]:
    """All instances of a cohort, study by study."""
    for study in map(cohort.study, range(cohort.studies)):
        for series in range(SERIES):
            for image in range(cohort.images):
                yield _instance(study, series, image)


def _instance(study: Study, series: int, image: int) -> NewInstance:
    texts = study.texts(series, image)
    uid = study.instance_uid(series, image)
    return NewInstance(
        reception=Reception(1, "CT1", "PACSD", "192.0.2.7", now_us(), "dimse"),
        sop_class_uid=CT_IMAGE_STORAGE,
        sop_instance_uid=uid,
        transfer_syntax_uid=EXPLICIT_VR_LE,
        study_instance_uid=study.uid,
        series_instance_uid=study.series_uid(series),
        patient_id=study.patient_id,
        issuer_of_patient_id="",
        attributes={tag: text for tag, text in texts.items() if tag not in _KEYS},
        copy=NewCopy(
            "store_fs", f"1/{uid}.dcm", 531_000, 530_412, hashlib.sha256(uid.encode()).digest()
        ),
    )


MEASURE = Measure(
    "query-scale",
    tuple(figures("scale", _QUERIES, FULL.indexed, _TARGETS)),
    take,
    only=("pacsd",),
    service=Service.QUERY,
)
