from prometheus_client import CollectorRegistry

from pacsd.app.target_metrics import TargetCollector
from pacsd.index.job_records import JobCount, JobState
from pacsd.jobs.target_gates import TargetGates


def test_targets_are_scraped() -> None:
    now_s = [100.0]
    gates = TargetGates(lambda: now_s[0])
    counts = (
        JobCount("target:peer:A", JobState.WAITING, 3),
        JobCount("commitment:B", JobState.WAITING, 3),
    )
    registry = CollectorRegistry()
    registry.register(TargetCollector(lambda: counts, gates))
    gates.close("target:peer:C", "no power")
    gates.pause("target:peer:D")
    now_s[0] += 90

    def sample(name: str, target: str) -> float | None:
        return registry.get_sample_value(f"pacsd_target_{name}", {"target": target})

    assert [sample("down_seconds", f"peer:{name}") for name in "ACD"] == [0, 90, 0]
    assert [sample("paused", f"peer:{name}") for name in "ACD"] == [0, 0, 1]
    assert sample("paused", "commitment:B") is None
