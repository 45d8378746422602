from prometheus_client import CollectorRegistry, generate_latest

from pacsd.api.dispatch.tally import Call, Ending, Tally
from pacsd.api.health import Health
from pacsd.app.isolation.series import Series
from pacsd.app.plugin_metrics import (
    HookCollector,
    PluginHealthCollector,
    SeriesCollector,
    TranscodingCollector,
)
from pacsd.app.plugins.transcoding import TranscodingHealth


def registry_of(tally: Tally) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(HookCollector(tally))
    return registry


def test_calls_and_seconds_are_counted_by_plugin_and_hook() -> None:
    tally = Tally()
    registry = registry_of(tally)
    for seconds, ending in ((0.5, Ending.ANSWERED), (2.0, Ending.LATE), (0.25, Ending.ANSWERED)):
        call = Call(1.0, "pacsd_hook", "acme", seconds, ending)
        tally.note(tally.count_of("pacsd_hook", "acme"), call)
    labels = {"plugin": "acme", "hook": "pacsd_hook"}
    calls = {
        ending: registry.get_sample_value(
            "pacsd_hook_calls_total", {**labels, "ending": str(ending)}
        )
        for ending in Ending
    }
    assert calls == {
        Ending.ANSWERED: 2,
        Ending.RAISED: 0,
        Ending.LATE: 1,
        Ending.JUNK: 0,
        Ending.RESTING: 0,
    }
    assert registry.get_sample_value("pacsd_hook_seconds_total", labels) == 2.75


def test_a_daemon_without_plugins_has_none() -> None:
    assert [family.samples for family in registry_of(Tally()).collect()] == [[], []]


def test_what_plugins_count_has_their_name() -> None:
    series = Series()
    series.count("sent", 2, modality="CT")
    series.gauge("waiting", 7)
    for value in (0.3, 0.4, 100):
        series.observe("seconds", value)
    other = Series()
    other.count("of_sent")
    registry = CollectorRegistry()
    registry.register(SeriesCollector({"Ac-me": series, "ac_me_of": Series(), "other": other}))
    named = registry.get_sample_value
    assert named("pacsd_plugin_ac_me_sent_total", {"modality": "CT"}) == 2
    assert named("pacsd_plugin_ac_me_waiting") == 7
    assert named("pacsd_plugin_ac_me_seconds_bucket", {"le": "0.5"}) == 2
    assert named("pacsd_plugin_ac_me_seconds_bucket", {"le": "+Inf"}) == 3
    assert named("pacsd_plugin_ac_me_seconds_sum") == 100.7
    assert named("pacsd_plugin_samples_dropped_total", {"plugin": "other"}) == 0


def test_of_two_that_make_one_name_the_first_has_it() -> None:
    first, second = Series(), Series()
    first.count("b_sent", 1)
    second.count("sent", 2)
    registry = CollectorRegistry()
    registry.register(SeriesCollector({"a": first, "a_b": second}))
    assert registry.get_sample_value("pacsd_plugin_a_b_sent_total") == 1
    assert b"pacsd_plugin_a_b_sent_total 1.0" in generate_latest(registry)


def test_who_is_ill_is_told() -> None:
    registry = CollectorRegistry()
    known = {"acme": Health(is_well=False, explanation="no disk"), "other": Health(is_well=True)}
    registry.register(PluginHealthCollector(lambda: known))
    told = [registry.get_sample_value("pacsd_plugin_healthy", {"plugin": name}) for name in known]
    assert told == [0, 1]


def test_what_codecs_do() -> None:
    registry = CollectorRegistry()
    registry.register(TranscodingCollector(lambda: TranscodingHealth(3, 2, 1)))
    value = registry.get_sample_value
    assert value("pacsd_transcoded_objects_total") == 3
    assert value("pacsd_not_transcoded_objects_total") == 2
    assert value("pacsd_codecs_at_work") == 1
