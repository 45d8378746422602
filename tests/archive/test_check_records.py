from pacsd.archive.check_records import MAX_FINDINGS, CheckTally, Finding, FindingKind


def test_all_are_counted_and_the_first_kept() -> None:
    tally = CheckTally(rows=7)
    for number in range(MAX_FINDINGS + 5):
        tally.add(Finding(FindingKind.DAMAGED, f"{number}", number))
    tally.add(Finding(FindingKind.MISSING, "x", 1))
    progress = tally.progress()
    assert progress.rows == 7
    assert progress.counts == {"damaged": MAX_FINDINGS + 5, "missing": 1}
    assert [finding.key for finding in progress.findings] == [
        f"{number}" for number in range(MAX_FINDINGS)
    ]
