"""The addresses of sources as they are configured, and as they are stored and told: without what opens them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from config.redact import redact, redact_urls, stored_url

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from storage.model import Fault, Lease, Poll, SourceSpec


class Addresses:
    """Who reads the database learns no login, token or value of the environment; who asks a source needs them."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        self._secrets = tuple(secrets)
        self._configured: dict[str, SourceSpec] = {}

    def store(self, specs: Iterable[SourceSpec]) -> list[SourceSpec]:
        """The sources as the database keeps them; those that are configured otherwise are remembered here."""
        self._configured = {}
        return [self._stored(spec) for spec in specs]

    def _stored(self, spec: SourceSpec) -> SourceSpec:
        urls = [stored_url(endpoint.url, self._secrets) for endpoint in spec.endpoints]
        if all(url == endpoint.url for url, endpoint in zip(urls, spec.endpoints, strict=True)):
            return spec
        self._configured[spec.name] = spec
        told = zip(spec.endpoints, urls, strict=True)
        return replace(spec, endpoints=tuple(replace(endpoint, url=url) for endpoint, url in told))

    def restore(self, lease: Lease) -> Lease:
        """The lease with its addresses as they are configured."""
        configured = self._configured.get(lease.spec.name)
        if configured is None:
            return lease
        asked = list(lease.spec.endpoints)
        for position, (kept, own) in enumerate(zip(lease.spec.endpoints, configured.endpoints, strict=False)):
            if kept.url == stored_url(own.url, self._secrets):
                asked[position] = replace(kept, url=own.url)
        return replace(lease, spec=replace(lease.spec, endpoints=tuple(asked)))

    def tell(self, poll: Poll) -> Poll:
        """What came of a poll, with nothing in it that opens an address."""
        return replace(
            poll,
            url=stored_url(poll.url, self._secrets),
            notes=tuple(self._told(note) for note in poll.notes),
            fault=self._fault(poll.fault) if poll.fault else None,
            passed_over=tuple((position, self._fault(fault)) for position, fault in poll.passed_over),
        )

    def _fault(self, fault: Fault) -> Fault:
        detail = self._told(fault.detail)
        return fault if detail == fault.detail else replace(fault, detail=detail)

    def _told(self, text: str) -> str:
        return redact_urls(redact(text, self._secrets))
