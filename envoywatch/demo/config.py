"""The configuration under which the daemon watches the demo's mission."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from envoywatch.demo.mission import read_mission

if TYPE_CHECKING:
    from pathlib import Path

    from envoywatch.demo.mission import Mission, Outlet

AUDIENCE_WATCH = "Audience with a leader"
ENVOY_WATCH = "The envoy by name"
EXPECTATION = "Putin receives Li Hui"

_TEMPLATE = """\
# The configuration of `envoywatch demo`: every outlet is invented and served from this machine.
storage:
  path: {database}

crawl:
  interval: 2h               # on the demo's clock, which runs some twenty thousand times as fast as yours
  delay: 0s
  per_host: 16               # all outlets live on one host here
  private_addresses: true    # on loopback, that is

web:
  listen: {listen}

sources:
{sources}
people:                      # those below the rank of minister whom the built-in list may not have
  - name: Wojciech Gerwel
    offices:
      - {{title: Deputy Foreign Minister, country: PL, level: deputy}}
    forms: {{ru: [Войцех Гервель]}}
  - name: Frédéric Mondoloni
    offices:
      - {{title: Political Director of the Foreign Ministry, country: FR, level: deputy}}
    forms: {{ru: [Фредерик Мондолони]}}
  - name: Andreas Michaelis
    offices:
      - {{title: State Secretary at the Foreign Office, country: DE, level: deputy}}
    forms: {{zh: [米夏埃利斯]}}
  - name: Enrique Mora
    offices:
      - {{title: Deputy Secretary-General of the External Action Service, country: EU, level: deputy}}
    forms: {{zh: [莫拉]}}

watches:
  - name: {envoy_watch}
    query: '"Li Hui" OR 李辉 OR "Ли Хуэй" OR "Ли Хуэя" OR "Ли Хуэю" OR "Ли Хуэем"'
    send: digest
  - name: {audience_watch}
    meeting: {{guest: Li Hui, level: leader, status: [held, under_way]}}
    send: now
    channels: [desk]

expect:
  - name: {expectation}
    meeting: {{between: [Vladimir Putin, Li Hui], status: [held, under_way]}}
    by: 2023-05-26T21:00:00+03:00
    channels: [desk]

channels:
  desk: {{url: {desk}}}

digests:
  - {{name: Evening, at: "20:00 Europe/Paris", channels: [desk]}}
"""


def demo_config(
    base_url: str,
    folder: Path,
    *,
    mission: Mission | None = None,
    listen: str = "127.0.0.1:8470",
) -> str:
    """The demo's configuration as YAML: its sources at `base_url`, its database in `folder`, its page at `listen`."""
    outlets = (mission or read_mission()).outlets
    return _TEMPLATE.format(
        database=_quoted(str(folder / "envoywatch.db")),
        listen=_quoted(listen),
        sources="".join(_source(outlet, base_url) for outlet in outlets),
        envoy_watch=_quoted(ENVOY_WATCH),
        audience_watch=_quoted(AUDIENCE_WATCH),
        expectation=_quoted(EXPECTATION),
        desk=_quoted(f"json://{urlsplit(base_url).netloc}/desk"),
    )


def _source(outlet: Outlet, base_url: str) -> str:
    if outlet.listing:
        endpoint = f"{{listing: {_quoted(f'{base_url}/{outlet.key}/')}, links: {_quoted(outlet.listing)}}}"
    else:
        endpoint = f"{{feed: {_quoted(f'{base_url}/{outlet.key}/feed.xml')}}}"
    return (
        f"  - name: {_quoted(outlet.name)}\n"
        f"    language: {outlet.language}\n"
        f"    country: {_quoted(outlet.country)}\n"
        f"    role: {outlet.role}\n"
        f"    endpoints: [{endpoint}]\n"
    )


def _quoted(text: str) -> str:
    """A YAML double-quoted scalar; JSON's strings are such."""
    return json.dumps(text, ensure_ascii=False)
