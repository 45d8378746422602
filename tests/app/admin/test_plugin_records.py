import orjson
from pydantic import TypeAdapter

from pacsd.app.admin.plugin_records import HookCount, TraceAnswer, TracedCall


def test_records_survive_the_socket() -> None:
    count = HookCount("acme", "pacsd_hook", 7, 2, 1, 0.5, 12.0)
    trace = TraceAnswer(1, 1, (TracedCall(1, 0.25, "acme", "pacsd_hook", 0.5, "late"),))
    assert TypeAdapter(HookCount).validate_python(orjson.loads(orjson.dumps(count))) == count
    assert TypeAdapter(TraceAnswer).validate_python(orjson.loads(orjson.dumps(trace))) == trace
