"""What Prometheus reads at /metrics. One process serves, so one registry an app holds everything."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Measures:
    """The counters and gauges of one web process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.ingests = Counter(
            "cihealth_ingests_total",
            "Posts to /ingest by provider and outcome (stored, ignored, refused, unavailable)",
            ("provider", "outcome"),
            registry=self.registry,
        )
        self.requests = Counter(
            "cihealth_http_requests_total",
            "Answered requests by route, method and status",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "cihealth_http_request_seconds",
            "Time to answer, sockets left out",
            ("route",),
            registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
        )
        self.sockets = Gauge("cihealth_sockets", "Open WebSockets", registry=self.registry)
        self.sockets_dropped = Counter(
            "cihealth_sockets_dropped_total", "Clients dropped because they did not read", registry=self.registry
        )
        self.feed_head = Gauge("cihealth_feed_head", "Newest seq of the change feed", registry=self.registry)
        self.source_age = Gauge(
            "cihealth_source_age_seconds",
            "Seconds since a source was last read without error; absent while it never was",
            ("source",),
            registry=self.registry,
        )
