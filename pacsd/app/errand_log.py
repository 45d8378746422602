"""A line of the log for each errand that is over: what came of it, in numbers."""

import structlog

from pacsd.app.commit_records import CommitProgress
from pacsd.app.export_records import ExportProgress
from pacsd.app.import_records import ImportProgress
from pacsd.archive.check_records import CheckProgress

_log = structlog.get_logger("pacsd.errands")


def tell_ended(kind: str, report: object, failure: str) -> None:
    """Tell of an errand that is over; `failure` is why it ended too early, or ''."""
    if isinstance(report, ImportProgress):
        _tell_import(report, failure or report.gave_up)
    elif isinstance(report, ExportProgress):
        _tell_export(report, failure or report.gave_up)
    elif isinstance(report, CheckProgress):
        _tell_check(report, failure)
    elif isinstance(report, CommitProgress):
        _tell_commit(report, failure)
    elif failure:
        _log.warning("an errand ended too early", kind=kind, why=failure)


def _tell_import(report: ImportProgress, failure: str) -> None:
    if failure:
        _log.warning("an import ended too early", why=failure)
    _log.info(
        "an import is over",
        files=report.files,
        stored=report.stored,
        duplicates=report.outcomes.get("duplicate", 0),
        held=report.held,
        quarantined=report.quarantined,
        refused=report.refused,
        no_dicom=report.skipped,
        data_set_bytes=report.data_set_bytes,
    )


def _tell_export(report: ExportProgress, failure: str) -> None:
    if failure:
        _log.warning("an export ended too early", why=failure)
        if not report.studies:
            return  # it did not begin
    _log.info(
        "an export is over",
        studies=report.studies,
        exported=report.exported,
        failed=report.failed,
        not_corrected=report.not_corrected,
        not_found=len(report.not_found),
        data_set_bytes=report.data_set_bytes,
    )


def _tell_check(report: CheckProgress, failure: str) -> None:
    if failure:
        _log.warning("a check of the store ended too early", why=failure)
    _log.info(
        "a check of the store is over",
        files=report.files,
        indexed_files=report.rows,
        read_back=report.verified,
        found=_counts(report) or "nothing",
    )


def _tell_commit(report: CommitProgress, failure: str) -> None:
    if failure:
        _log.warning("asking for storage commitment ended too early", peer=report.peer, why=failure)
        return
    tell = _log.info if report.committed == report.instances else _log.warning
    tell(
        "a peer was asked for storage commitment",
        peer=report.peer,
        study_instance_uid=report.study_instance_uid,
        instances=report.instances,
        committed=report.committed,
        failed=report.failed,
        unknown=report.unknown,
    )


def _counts(report: CheckProgress) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(report.counts.items()))
