from pathlib import Path

from contrib.examples.study_notes.pacsd_study_notes import StudyNotes, StudyNotesSettings
from pacsd.api.access import Principal
from pacsd.api.commands import CommandAnswer, PluginCommand
from pacsd.api.http import HttpRequest, HttpResponse
from pacsd.testing.fake_host import FakeHost, fake_host
from pacsd.testing.hook_call import call_hook


def request(method: str, body: bytes = b"", study: str = "1.2.3") -> HttpRequest:
    path = "/studies/{study}/note"
    doe = Principal("doe")
    return HttpRequest(method, path, {"study": study}, (), (), body, doe, "192.0.2.7")


async def asked(host: FakeHost, wanted: HttpRequest) -> HttpResponse | None:
    notes = StudyNotes(host, StudyNotesSettings(most_bytes=20))
    answer = await call_hook(notes, "pacsd_http_request", request=wanted)
    assert answer is None or isinstance(answer, HttpResponse)
    return answer


async def test_a_note_is_written_and_read(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    assert await asked(host, request("GET")) is None
    assert await asked(host, request("PUT", "schön".encode())) == HttpResponse(204)
    read = await asked(host, request("GET"))
    assert read is not None
    assert read.body.decode() == "schön"
    [line] = host.logger.lines
    assert line.fields == {"study": "1.2.3", "by": "doe"}


async def test_a_note_that_is_too_long_is_refused(tmp_path: Path) -> None:
    answer = await asked(fake_host(tmp_path), request("PUT", b"x" * 21))
    assert answer is not None
    assert answer.status == 413


async def test_what_cannot_be_kept_is_told(tmp_path: Path) -> None:
    answer = await asked(fake_host(tmp_path), request("PUT", b"x", study="1" * 600))
    assert answer is not None
    assert answer.status == 507


async def test_the_operator_lists_the_studies(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    for study in ("1.2.4", "1.2.3"):
        await asked(host, request("PUT", b"x", study))
    notes = StudyNotes(host, StudyNotesSettings())
    answer = await call_hook(notes, "pacsd_command", name="list", arguments=())
    assert answer == CommandAnswer("1.2.3\n1.2.4")
    commands = await call_hook(notes, "pacsd_commands")
    assert commands == (PluginCommand("list", "Studies that have a note, the first 1,000"),)
    routes = await call_hook(notes, "pacsd_http_routes")
    assert isinstance(routes, tuple)
    assert [route.method for route in routes] == ["GET", "PUT"]
