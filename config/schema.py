"""The JSON schema of the configuration, by which editors complete and check it while it is written."""

from __future__ import annotations

import json
from typing import Any

from config.model import RawConfig
from config.vocabulary import EndpointKind

SCHEMA_NAME = "envoywatch.schema.json"


_WRITTEN = {"ZonedTime": "07:30 Europe/Paris", "QuietHours": "23:00-07:00 Europe/Paris", "Budget": "3/h"}
"""Values that are one line of text in the file, with an example each."""


def build_schema() -> dict[str, Any]:
    """The schema of the file as written: short forms, references to the environment and empty sections included."""
    schema = RawConfig.model_json_schema(by_alias=True, mode="validation")
    definitions: dict[str, Any] = schema["$defs"]
    definitions["Endpoint"] = _endpoint(definitions["Endpoint"])
    for name, example in _WRITTEN.items():
        definitions[name] = {"type": "string", "description": definitions[name]["description"], "examples": [example]}
    definitions["MeetingSpec"]["properties"]["status"] = _one_or_many(
        definitions["MeetingSpec"]["properties"]["status"]
    )
    only = definitions["Only"]["properties"]
    definitions["Only"]["properties"] = {name: _one_or_many(many) for name, many in only.items()}
    mute = definitions["Watch"]["properties"]["mute"]
    mute["anyOf"] = [{"type": "string", "examples": ["2026-05-27 18:00 Europe/Kyiv"]}, {"type": "null"}]
    definitions["Web"]["properties"]["listen"]["examples"] = ["127.0.0.1:8470", "off"]
    _loosen(schema)
    schema["properties"] = {name: _or_nothing(section) for name, section in schema["properties"].items()}
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Envoywatch configuration"
    return schema


def render_schema() -> str:
    """The schema as the text of a file."""
    return json.dumps(build_schema(), ensure_ascii=False, indent=1) + "\n"


def _endpoint(full: dict[str, Any]) -> dict[str, Any]:
    """Either `{feed: URL}` and its like, or `{kind: feed, url: URL}`."""
    url, links = full["properties"]["url"], full["properties"]["links"]
    short = [
        {
            "type": "object",
            "additionalProperties": False,
            "required": [kind.value],
            "properties": {kind.value: url, **({"links": links} if kind is EndpointKind.LISTING else {})},
        }
        for kind in EndpointKind
    ]
    return {"description": full["description"], "anyOf": [*short, {**full, "description": "The long form."}]}


def _one_or_many(many: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [many["items"], many], **({"default": many["default"]} if "default" in many else {})}


def _or_nothing(section: dict[str, Any]) -> dict[str, Any]:
    """A heading with nothing below it is as good as none."""
    return {"anyOf": [section, {"type": "null"}]}


def _loosen(node: Any) -> None:
    """Numbers and truth values may come from the environment: `${NAME}` is a text until the file is read."""
    if isinstance(node, list):
        for item in node:
            _loosen(item)
    elif isinstance(node, dict):
        for item in node.values():
            _loosen(item)
        if node.get("type") in {"integer", "number", "boolean"}:
            plain = {key: node.pop(key) for key in list(node) if key not in {"title", "description", "default"}}
            node["anyOf"] = [plain, {"type": "string", "pattern": r"^\$\{.*\}$"}]
