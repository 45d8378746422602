from pathlib import Path

from pacsd.archive.record_making import RecordMaking
from pacsd.archive.seen import Seen
from pacsd.archive.state_records import Action, StateRecord
from tests.archive.two_stores import FAST, SLOW, two_stores


async def test_a_record_says_when_who_and_what_was_seen(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as archive:
        making = RecordMaking(archive.together, FAST, archive.index, lambda: 77)
        assert await making.seen(1) == Seen("", {})
        for name, uid in ((FAST, "1.1"), (FAST, "1.2"), (SLOW, "1.3")):
            archive.chosen = name
            await archive.put(uid)
        last = await archive.file("1.4")
        seen = await making.seen(1)
        assert seen == Seen("00000002", {SLOW: "00000001"})
        assert await making.behind(last) == Seen("00000002", {SLOW: "00000002"})
        assert making.record(Action.DELETE, 1, "admin", "1.1", b"x", seen) == StateRecord(
            77, "admin", Action.DELETE, 1, "1.1", b"x",
            seen_key="00000002", seen_elsewhere={SLOW: "00000001"},
        )  # fmt: skip
        assert [making.in_log(name) for name in (FAST, SLOW)] == ["", SLOW]
