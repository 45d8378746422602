"""result.json: what it may say, and what it is when it is none."""

import os
from pathlib import Path

import orjson
import pytest
from pacsd_ai_process.result import MAX_RESULT_BYTES, BadResult, read_result

from pacsd.api.ai import MAX_PAYLOAD_BYTES, AiFindings


def read(path: Path, content: bytes) -> AiFindings | None:
    (path / "result.json").write_bytes(content)
    return read_result(path / "result.json", path)


def test_findings_are_kept_with_where_the_files_are(tmp_path: Path) -> None:
    found = read(tmp_path, b'{"summary": "2 nodules", "findings": {"sizes": [4, 5]}}')
    assert found is not None
    assert found.summary == "2 nodules"
    assert orjson.loads(found.payload) == {"findings": {"sizes": [4, 5]}, "output": str(tmp_path)}


def test_nothing_is_no_findings(tmp_path: Path) -> None:
    assert read_result(tmp_path / "result.json", tmp_path) is None
    assert read(tmp_path, b"null") is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "result.json: is no JSON: "),
        (b"[]", "result.json: it: Input should be a valid dict"),
        (b"{}", "result.json: summary: Field required"),
        (b'{"summary": "x", "sumary": 1}', "result.json: sumary: Extra inputs are not permitted"),
        (b'{"summary": "%s"}' % (b"x" * 501), "result.json: summary: String should have at most"),
        (b'{"summary": "x", "findings": [1]}', "result.json: findings: Input should be a valid"),
        (b'"%s"' % (b"x" * MAX_RESULT_BYTES), "result.json: has more than 24576 bytes"),
        (b'{"summary": "x", "findings": {"name": "\xff"}}', "result.json: is no JSON"),
    ],
)
def test_p01_what_is_none_is_told_without_its_values(
    tmp_path: Path, content: bytes, said: str
) -> None:
    with pytest.raises(BadResult) as raised:
        read(tmp_path, content)
    assert str(raised.value).startswith(said)


def test_the_longest_one_can_be_kept(tmp_path: Path) -> None:
    text = "\\u0001" * ((MAX_RESULT_BYTES - 60) // 6)
    found = read(tmp_path, b'{"summary": "x", "findings": {"a": "%s"}}' % text.encode())
    assert found is not None
    assert len(found.payload.encode()) <= MAX_PAYLOAD_BYTES


def test_p01_a_link_or_a_pipe_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text('{"summary": "secret"}')
    (tmp_path / "result.json").symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match="symbolic links"):
        read_result(tmp_path / "result.json", tmp_path)
    (tmp_path / "result.json").unlink()
    os.mkfifo(tmp_path / "result.json")
    with pytest.raises(BadResult, match="is no file"):
        read_result(tmp_path / "result.json", tmp_path)
