from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.api.state_log import check_record
from pacsd.archive.state_records import (
    Action,
    StateRecord,
    StateRecordError,
    decode_record,
    encode_record,
)

RECORD = StateRecord(7, "admin", Action.DELETE, 1, "1.2.3", b"\x01" * 32, "a", "b")
NUMBERS = st.integers(0, 2**63 - 1)
TEXTS = st.text(max_size=100)
RECORDS = st.builds(
    StateRecord,
    at_us=NUMBERS,
    actor=TEXTS,
    action=st.sampled_from(Action),
    partition=NUMBERS,
    sop_instance_uid=TEXTS,
    sha256=st.binary(max_size=32),
    key=TEXTS,
    seen_key=TEXTS,
    instead_of=TEXTS,
    level=TEXTS,
    uid=TEXTS,
    tag=TEXTS,
    value=TEXTS,
    reason=TEXTS,
    store=TEXTS,
    instead_of_store=TEXTS,
    seen_elsewhere=st.dictionaries(TEXTS, TEXTS, max_size=3),
)


@given(RECORDS)
def test_a_record_comes_back_as_it_was(record: StateRecord) -> None:
    line = encode_record(record)
    check_record(line)
    assert decode_record(line) == record


def test_a_record_of_an_older_pacsd_is_read() -> None:
    for field in _NEWER:
        assert b'"%s"' % field not in encode_record(RECORD)
    assert decode_record(encode_record(RECORD)) == RECORD


_NEWER = (
    *(b"instead_of", b"level", b"uid", b"tag", b"value", b"reason"),
    *(b"store", b"instead_of_store", b"seen_elsewhere"),
)


def test_a_record_names_all_stores_but_the_first() -> None:
    record = replace(RECORD, store="a", instead_of_store="b", seen_elsewhere={"c": "7"})
    assert (record.stores, RECORD.stores) == ({"a", "b", "c"}, set())
    assert (record.seen.of(""), record.seen.of("c")) == ("b", "7")


def changed(**values: object) -> bytes:
    return orjson.dumps(orjson.loads(encode_record(RECORD)) | values)


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (b"{", "not JSON"),
        (b"[]", "no JSON object"),
        (changed(seen_elsewhere="x"), "seen_elsewhere is no dict"),
        (changed(seen_elsewhere={"slow": 7}), "seen_elsewhere is no dict of keys"),
        (changed(colour="x"), "unknown field 'colour': a newer pacsd wrote it"),
        (changed(action="merge"), "unknown action 'merge': a newer pacsd wrote it"),
        (changed(at_us="7"), "at_us is no int"),
        (changed(partition=True), "partition is no int"),
        (changed(key=None), "key is no str"),
        (changed(sha256="xyz"), "sha256 is not hexadecimal"),
        (b'{"at_us": 7}', "a record without actor"),
    ],
)
def test_what_is_not_understood_is_named(line: bytes, rule: str) -> None:
    with pytest.raises(StateRecordError, match="state log: ") as refused:
        decode_record(line)
    assert rule in str(refused.value)


def test_any_junk_is_refused_not_more() -> None:
    @given(st.binary(max_size=200))
    def junk(line: bytes) -> None:
        with pytest.raises(StateRecordError):
            decode_record(line)

    junk()
