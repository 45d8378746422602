import re
from pathlib import Path
from urllib.request import urlopen

from contrib.docs.generate import ROOT
from contrib.docs.operations import QUIRKS, render_log_events, render_metrics
from pacsd.archive.examination import LOOKED_FOR
from pacsd.testing.daemon import SAYS_WITHIN_S, running


def test_metrics_have_the_names_they_are_scraped_by() -> None:
    text = render_metrics()
    assert "| `pacsd_associations_total` | outcome | counter | Associations ended" in text
    assert "| `pacsd_open_associations` |  | gauge |" in text
    assert "| `pacsd_quirks_total` | kind | counter |" in text
    assert "| `pacsd_store_seconds` |  | histogram |" in text


def test_every_quirk_that_is_counted_is_explained() -> None:
    assert {*QUIRKS} == {*LOOKED_FOR}


def test_metrics_named_in_prose_exist() -> None:
    known = set(re.findall(r"`(pacsd_\w+)`", render_metrics()))
    for name in ("operator.md", "security.md"):
        text = (ROOT / "contrib/docs" / name).read_text(encoding="utf-8")
        named = set(re.findall(r"`(pacsd_\w+(?:_total|_objects|_seconds|_associations))`", text))
        assert named <= known


def test_every_metric_of_a_daemon_is_documented() -> None:
    with running() as daemon:
        url = f"http://127.0.0.1:{daemon.http_port}/metrics"
        with urlopen(url, timeout=SAYS_WITHIN_S) as answer:
            scraped = answer.read().decode()
    told = set(re.findall(r"^# TYPE (pacsd_\w+)", scraped, re.MULTILINE))
    described = set(re.findall(r"`(pacsd_\w+)`", render_metrics()))
    assert {name for name in told if not name.endswith("_created")} == described


def test_log_events_are_found_with_level_and_fields(tmp_path: Path) -> None:
    (tmp_path / "pacsd").mkdir()
    source = (
        "_log.info('opened', path=p, exc_info=e)\n"
        "self.host.logger.exception('broke')\n"
        "other.info('not a line')\n"
        "_log.info(computed)\n"
    )
    (tmp_path / "pacsd/it.py").write_text(source)
    rows = render_log_events(tmp_path).splitlines()[2:]
    link = "[pacsd/it.py](../../pacsd/it.py)"
    assert rows == [
        f"| `broke` | error |  | {link} |",
        f"| `opened` | info | `path` | {link} |",
    ]
