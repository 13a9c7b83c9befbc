"""The JSON Schema of collectors.yaml, for editors; made from the types that validate it.

``python -m config.schema`` writes it to collectors.schema.json beside this file.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from config.durations import format_duration
from config.model import Config

SCHEMA_PATH = Path(__file__).with_name("collectors.schema.json")


class _AsWritten(GenerateJsonSchema):
    """Defaults as somebody would write them: ``60s``, and only what a mapping's own keys do not say."""

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, timedelta):
            return format_duration(dft)
        return dft.model_dump(mode="json", by_alias=True) if isinstance(dft, BaseModel) else super().encode_default(dft)


def schema() -> dict[str, Any]:
    """As the types, and top keys that hold lists or mappings may also hold nothing, as ``sources:`` may."""
    made = Config.model_json_schema(by_alias=True, schema_generator=_AsWritten)
    for key, found in made["properties"].items():
        if found.get("type") == "array" or "$ref" in found:
            made["properties"][key] = {"anyOf": [found, {"type": "null"}]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "CI Health: collectors.yaml"}


def rendered() -> str:
    """The file's text."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def write() -> None:
    """Writes SCHEMA_PATH. Raises OSError."""
    SCHEMA_PATH.write_text(rendered(), encoding="utf-8")


if __name__ == "__main__":
    write()
