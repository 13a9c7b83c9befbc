from __future__ import annotations

from datetime import timedelta

import pytest

from collector.storage import leases, sources
from tests.webapp.conftest import MakeWeb
from tests.webapp.harness import NOW, Web


def beat(web: Web) -> None:
    with web.database.writing():
        leases.take(leases.COLLECTOR, "me", web.clock.now, timedelta(seconds=30))


def check(web: Web, name: str) -> bool:
    checks = web.get("/readyz").get_json()["checks"]
    return bool(next(one["ok"] for one in checks if one["name"] == name))


def test_alive_says_nothing_but_that(web: Web) -> None:
    assert web.json("/healthz") == {"status": "ok"}


def test_ready_needs_a_collector_that_beat_within_a_minute(web: Web) -> None:
    assert web.get("/readyz").status_code == 503
    beat(web)
    assert web.get("/readyz").status_code == 200
    web.clock.now = NOW + timedelta(seconds=59)
    assert web.get("/readyz").status_code == 200
    web.clock.now = NOW + timedelta(seconds=60)
    response = web.get("/readyz")
    assert response.status_code == 503
    assert "60 s ago" in response.get_json()["checks"][1]["message"]


def test_ready_needs_a_database_that_can_be_written(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    beat(web)
    assert check(web, "database")
    monkeypatch.setattr(web.database, "writable", lambda: False)
    assert not check(web, "database")
    assert web.get("/readyz").status_code == 503


def test_probes_do_not_tell_where_the_database_is(web: Web) -> None:
    assert "sqlite" not in web.get("/readyz").get_data(as_text=True)


def test_metrics_tell_how_old_each_sources_data_is(make_web: MakeWeb) -> None:
    web = make_web(config={"sources": [{"name": "acme", "provider": "github", "repos": ["a/b"]}]})
    assert "cihealth_source_age_seconds{" not in web.get("/metrics").get_data(as_text=True)
    with web.database.writing():
        sources.save_state("acme", last_success_at=NOW - timedelta(seconds=90))
    text = web.get("/metrics").get_data(as_text=True)
    assert 'cihealth_source_age_seconds{source="acme"} 90.0' in text
    assert 'cihealth_http_requests_total{method="GET",route="/metrics",status="200"}' in text
