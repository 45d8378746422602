from pacsd.api.event_subject import EventSubject
from pacsd.testing.hook_records import RECEPTION, event_subject


def test_a_subject_is_what_an_event_is_about() -> None:
    subject = event_subject({"Modality": "CT"})
    same = EventSubject(subject.event, RECEPTION, dict(subject.attributes))
    assert subject == same
