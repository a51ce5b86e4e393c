"""Whether a server's validators may be trusted: asked "has it changed?", some say no though it has. Pure.

Some servers send one ETag for every version of a feed. So an endpoint is first asked unconditionally until its ETag and
Last-Modified have kept step with the content a few times, and again now and then.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from storage.model import Validators

PROOFS_NEEDED = 2
"""Answers in a row that agree with the one before."""
HOLDS = timedelta(hours=24)
"""How long validators are trusted that were seen to change together with the content."""
HOLDS_UNMOVED = timedelta(hours=1)
"""How long others are: content that has not changed yet proves little."""

_ETAG, _LAST_MODIFIED = "etag", "last-modified"
_NAMES = {_ETAG: "ETag", _LAST_MODIFIED: "Last-Modified"}


def conditions(known: Validators, now: datetime) -> dict[str, str]:
    """The headers of a conditional request, exactly as they came; servers differ in which of the two they look at.

    None while they have to prove themselves, nor while the endpoint is at fault.
    """
    proof = known.proof
    if known.at_fault:
        return {}
    holds = HOLDS if proof.moved else HOLDS_UNMOVED
    if proof.agreed < PROOFS_NEEDED or proof.whole_at is None or not timedelta(0) <= now - proof.whole_at < holds:
        return {}
    asked = {}
    if known.etag and _ETAG not in proof.lied:
        asked["If-None-Match"] = known.etag
    if known.last_modified and _LAST_MODIFIED not in proof.lied:
        asked["If-Modified-Since"] = known.last_modified
    return asked


def prove(
    known: Validators, given: Validators, *, changed: bool | None, now: datetime
) -> tuple[Validators, tuple[str, ...]]:
    """What is given now with what it adds to the proof, and a note when a validator is caught.

    `changed` is whether the content differs from the last one's, None when they cannot be compared.
    """
    proof = replace(known.proof, whole_at=now)
    before = {_ETAG: known.etag, _LAST_MODIFIED: known.last_modified}
    after = {_ETAG: given.etag, _LAST_MODIFIED: given.last_modified}
    told = [name for name in before if before[name] and after[name] and name not in proof.lied]
    caught = tuple(name for name in told if changed and before[name] == after[name])
    if caught:
        proof = replace(proof, agreed=0, moved=False, lied=(*proof.lied, *caught))
    elif told and changed is not None and known.body_hash is not None:
        proof = replace(proof, agreed=min(proof.agreed + 1, PROOFS_NEEDED), moved=proof.moved or changed)
    notes = tuple(f"the {_NAMES[name]} stayed when the content changed; it is not relied on" for name in caught)
    return replace(given, proof=proof), notes
