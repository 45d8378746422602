from prometheus_client import CollectorRegistry, generate_latest

from pacsd.net.metrics import NetMetrics


def scraped(registry: CollectorRegistry) -> str:
    return generate_latest(registry).decode()


def test_operations_are_counted_by_command_and_category() -> None:
    registry = CollectorRegistry()
    metrics = NetMetrics(registry)
    for status in (0x0000, 0x0000, 0xA700, 0xC123, 0xB000):
        metrics.operation("C-STORE-RQ", status)
    told = scraped(registry)
    for category, count in (("success", 2.0), ("failure", 2.0), ("warning", 1.0)):
        row = f'pacsd_operations_total{{command="C-STORE-RQ",status="{category}"}} {count}'
        assert row in told


def test_statuses_out_of_number_do_not_fill_memory() -> None:
    metrics = NetMetrics(CollectorRegistry())
    for status in range(0x10000):
        metrics.operation("C-STORE-RQ", status)
    assert len(metrics._bound) <= 1024


def test_open_associations_are_asked_for_when_scraped() -> None:
    registry = CollectorRegistry()
    opened = [0]
    NetMetrics(registry).count_open(lambda: opened[0])
    opened[0] = 7
    assert "pacsd_open_associations 7.0" in scraped(registry)
