"""The figures that Prometheus collects, through its own client library: its format, and OpenMetrics to who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from starlette.responses import Response

from envoywatch.web.states import states_of
from envoywatch.web.view import context_of, read
from storage import views
from storage.views import Health

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from starlette.requests import Request


class _Found:
    """What was read for one request, as the library collects it."""

    def __init__(self, gauges: Iterable[GaugeMetricFamily]) -> None:
        self._gauges = tuple(gauges)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from self._gauges


def metrics(request: Request) -> Response:
    """Gauges; all are read anew, the states of very many sources at times kept for a while."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Found(_gauges(request, states_of(request).counts)))
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(registry), headers={"content-type": media_type})


def _gauges(request: Request, counts: Mapping[Health, int]) -> Iterator[GaugeMetricFamily]:
    context = context_of(request)
    now = context.now()
    totals = read(request, views.totals)
    waiting = (now - totals.oldest_due_at).total_seconds() if totals.oldest_due_at else 0.0
    states = {"due": totals.deliveries_due, "parked": totals.deliveries_parked, "dead": totals.deliveries_dead}
    yield _gauge("ready", "Whether the daemon does its work.", context.health().ready)
    yield _by("sources", "Configured sources by health.", "health", {one.value: counts[one] for one in Health})
    yield _gauge("entries_pending", "Entries whose article is still to be read.", totals.entries_pending)
    yield _gauge("articles", "Articles in the archive.", totals.articles)
    yield _gauge("meetings", "Meetings in the ledger.", totals.meetings)
    yield _gauge("alerts", "Alerts ever decided.", totals.alerts)
    yield _gauge("alerts_to_review", "Alerts nobody has reviewed.", totals.alerts_to_review)
    yield _by("deliveries", "Deliveries by state.", "state", states)
    yield _gauge("delivery_wait_seconds", "Age of the delivery that has waited longest.", waiting)
    if totals.last_ok_at:
        since_ok = (now - totals.last_ok_at).total_seconds()
        yield _gauge("since_last_good_poll_seconds", "Time since any source was read.", since_ok)


def _gauge(name: str, told: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"envoywatch_{name}", told, value=value)


def _by(name: str, told: str, label: str, values: Mapping[str, int]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(f"envoywatch_{name}", told, labels=[label])
    for value, count in values.items():
        gauge.add_metric([value], count)
    return gauge
