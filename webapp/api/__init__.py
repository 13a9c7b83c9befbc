"""The REST resources, one file each; handlers parse, call and serialise."""

from __future__ import annotations

from webapp.api import builds, filters, meta, pipelines, series, sources, summary

BLUEPRINTS = (
    builds.blueprint,
    summary.blueprint,
    pipelines.blueprint,
    series.blueprint,
    sources.blueprint,
    filters.blueprint,
    meta.blueprint,
)
