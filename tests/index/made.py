"""Instances, clocks and desks for the tests of this room."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pacsd.api.reception import Reception
from pacsd.dicom.tag import Tag
from pacsd.index.bell import Bells
from pacsd.index.desks import DeskFacts, IndexFiles, WriterDesk
from pacsd.index.ingest import add
from pacsd.index.quarantining import QuarantineBounds
from pacsd.index.records import NewCopy, NewInstance, Outcome, Scope, Verdict
from pacsd.index.sqlite import Durability, SqliteFile

SCOPE = Scope(1)
SECOND_US = 1_000_000
CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT_LE = "1.2.840.10008.1.2.1"
BEGINNING_US = 1_700_000_000_000_000
BOUNDS = QuarantineBounds()


class Clock:
    """Rises by one at every look."""

    def __init__(self) -> None:
        self.us = BEGINNING_US

    def __call__(self) -> int:
        self.us += 1
        return self.us


class Keys:
    """File names of a store, never the same twice."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self) -> str:
        self.number += 1
        return f"1/{self.number:06d}.dcm"


next_key = Keys()


def new(
    uid: str = "1.2.3.1",
    *,
    content: bytes = b"a data set",
    study: str = "1.2.3",
    series: str = "1.2.3.0",
    patient_id: str = "P1",
    issuer: str = "",
    attributes: dict[Tag, str] | None = None,
    store: str = "store_fs",
    key: str | None = None,
    header: bytes = b"",
    extras: dict[int, str] | None = None,
    restores_deleted: bool = False,
    calling_ae: str = "CT_1",
    partition: int = 1,
    received_at_us: int = BEGINNING_US,
) -> NewInstance:
    return NewInstance(
        reception=Reception(partition, calling_ae, "PACSD", "192.0.2.1", received_at_us, "dimse"),
        sop_class_uid=CT,
        sop_instance_uid=uid,
        transfer_syntax_uid=EXPLICIT_LE,
        study_instance_uid=study,
        series_instance_uid=series,
        patient_id=patient_id,
        issuer_of_patient_id=issuer,
        attributes=attributes or {},
        copy=NewCopy(
            store,
            next_key() if key is None else key,
            len(content) + 400,
            len(content),
            hashlib.sha256(content).digest(),
        ),
        header=header,
        extras=extras or {},
        restores_deleted=restores_deleted,
    )


def opened(
    folder: Path,
    now_us: Clock | None = None,
    facts: DeskFacts | None = None,
    bells: Bells | None = None,
) -> WriterDesk:
    return WriterDesk(
        IndexFiles(
            SqliteFile(folder / "index.sqlite"),
            SqliteFile(folder / "headers.sqlite", Durability.RELAXED),
            SqliteFile(folder / "metadata.sqlite", Durability.RELAXED),
        ),
        now_us or Clock(),
        facts or DeskFacts(),
        bells or Bells(),
    )


@contextmanager
def desk_in(folder: Path) -> Iterator[WriterDesk]:
    desk = opened(folder)
    try:
        yield desk
    finally:
        desk.close()


def added(
    desk: WriterDesk, *group: NewInstance, bounds: QuarantineBounds = BOUNDS
) -> list[Verdict]:
    verdicts = desk.perform(lambda session: add(session, group, bounds))
    desk.tend()
    return verdicts


def outcomes(verdicts: Sequence[Verdict]) -> list[Outcome]:
    return [verdict.outcome for verdict in verdicts]


def rows(desk: WriterDesk, sql: str) -> list[tuple[object, ...]]:
    """What a select of a test finds."""
    return desk.perform(
        lambda session: [tuple(row) for row in session.connection.exec_driver_sql(sql)]
    )
