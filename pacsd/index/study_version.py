"""The version of a study: another one after every change of what its instances say."""

from sqlalchemy import Connection, ScalarSelect, bindparam, func, literal_column, not_, select

from pacsd.index import schema, schema_records
from pacsd.index.records import ChangeKind, Scope
from pacsd.index.sqlite import driver, prepared

_study, _change, _meta = schema.study.c, schema_records.change.c, schema_records.meta.c

# That nothing came for a while changes nothing.
_IS_QUIET = _change.kind.in_(
    [literal_column(str(kind.value)) for kind in (ChangeKind.SERIES_QUIET, ChangeKind.STUDY_QUIET)]
)
_LAST_OF_STUDY = (
    select(func.max(_change.id))
    .where(_change.study_row == _study.id, not_(_IS_QUIET))
    .scalar_subquery()
)
# Of a patient with very many studies not each is named when the patient is corrected.
_LAST_OF_NO_STUDY = (
    select(func.max(_change.id)).where(_change.study_row.is_(None)).scalar_subquery()
)


def _fact(name: str) -> ScalarSelect[str]:
    return select(_meta.value).where(_meta.key == bindparam(name)).scalar_subquery()


_VERSION = prepared(
    select(_fact("epoch"), _fact("forgotten"), _LAST_OF_STUDY, _LAST_OF_NO_STUDY)
    .select_from(schema.study)
    .where(
        _study.partition_id == bindparam("partition"),
        _study.study_instance_uid == bindparam("uid"),
    )
)


def study_version(scope: Scope, study_instance_uid: str, connection: Connection) -> str:
    """The version of a study, '' if there is none of this UID that may be seen."""
    if scope.studies is not None and study_instance_uid not in scope.studies:
        return ""
    named = (schema_records.EPOCH, schema_records.FORGOTTEN, scope.partition, study_instance_uid)
    found = driver(connection).execute(_VERSION, named).fetchone()
    if found is None:
        return ""
    # A change that was forgotten cannot be told from none: all that are may be of this study.
    epoch, forgotten, *last = found
    return "-".join([epoch, *(str(each or forgotten) for each in last)])
