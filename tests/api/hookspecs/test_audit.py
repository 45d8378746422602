from pacsd.api.audit import AuditEvent
from pacsd.api.hooks import hookimpl
from tests.api.hookspecs.hooks_of import hooks_of

EVENT = AuditEvent(1, "doe", "192.0.2.7", "delete", "denied", "1.2.3", "legal hold")


async def test_hook_pacsd_audit() -> None:
    told: list[AuditEvent] = []

    class Collector:
        @hookimpl
        async def pacsd_audit(self, event: AuditEvent) -> None:
            told.append(event)
            raise OSError("full")

    hook = hooks_of(Collector()).audit
    assert hook.is_implemented
    await hook(event=EVENT)
    assert told == [EVENT]
