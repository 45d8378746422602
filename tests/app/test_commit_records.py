import json
from dataclasses import asdict

from pydantic import TypeAdapter

from pacsd.app.commit_records import CommitProgress, NotSafe


def test_it_comes_back_from_json() -> None:
    progress = CommitProgress("PACS2", "1.2", 3, 1, 1, 1, (NotSafe("1.2.3", True, "0112 ..."),))
    said = json.loads(json.dumps(asdict(progress)))
    assert TypeAdapter(CommitProgress).validate_python(said) == progress
