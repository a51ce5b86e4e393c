"""Writes the configuration under which the recorded ten days of May 2023 are replayed from a loopback server.

python benchmarks/stream_config.py http://127.0.0.1:8099 http://127.0.0.1:8098/desk > envoywatch.yaml
"""

from __future__ import annotations

import json
import sys
from urllib.parse import urlsplit
from urllib.request import urlopen

ENVOY = (
    '"Li Hui" OR "Li Huia" OR "Li Huiem" OR "Li Huiowi" OR 李辉 OR "Ли Хуэй" OR "Ли Хуэя" OR "Ли Хуэем" OR "Ли Хуэю"'
)
STATE_MEDIA = frozenset({"1tv", "cctv-xwlb", "rt"})


def stream_feeds(base_url: str) -> list[dict[str, str]]:
    """The feeds the server replays along its clock: URL, name and language of each."""
    with urlopen(f"{base_url}/index.json", timeout=60) as answer:  # noqa: S310 (the loopback server of the recordings)
        listing = json.load(answer)
    return [
        {
            "url": row["url"],
            "name": urlsplit(row["url"]).path.split("/")[-1].removesuffix(".xml"),
            "language": row["language"],
        }
        for row in listing["urls"]
        if row["kind"] == "stream"
    ]


def stream_config(base_url: str, webhook: str, *, listen: str = "off") -> str:
    """YAML: every recorded feed at 2 h, a keyword watch for the envoy and a meeting watch for leaders."""
    sources = "".join(
        f"""\
  - name: {feed["name"]}
    language: {feed["language"]}
    role: {_role(feed["name"])}
    endpoints:
      - feed: {feed["url"]}
"""
        for feed in stream_feeds(base_url)
    )
    return f"""\
storage:
  path: envoywatch.db
crawl:
  interval: 2h
  delay: 0s
  per_host: 16
  private_addresses: true
web:
  listen: {listen}
sources:
{sources}
watches:
  - name: Envoy
    query: '{ENVOY}'
    send: now
    channels: [desk]
  - name: Leaders
    meeting: {{level: leader, status: [held, under_way]}}
    send: now
    channels: [desk]
channels:
  desk: {{url: "{webhook.replace("http://", "json://")}"}}
"""


def _role(name: str) -> str:
    return "state-media" if name in STATE_MEDIA else "media"


if __name__ == "__main__":
    print(stream_config(sys.argv[1], sys.argv[2]), end="")
