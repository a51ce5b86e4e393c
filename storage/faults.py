"""What each kind of fault is called in front of a person and what can be done about it, in one place."""

from __future__ import annotations

from typing import NamedTuple

from storage.model import DeliveryFault, FaultKind


class FaultText(NamedTuple):
    """`words` complete the sentence "could not be read: ..."; `remedy` is one sentence of advice."""

    words: str
    remedy: str


_TEXTS = {
    FaultKind.ADDRESS: FaultText(
        "its address is not a public one",
        "If this source really lives on a private network, set private_addresses: true for it.",
    ),
    FaultKind.NAME: FaultText(
        "its host name has no address",
        "Check the spelling of the host and this machine's name server; the site may have moved.",
    ),
    FaultKind.CONNECT: FaultText(
        "no connection could be made",
        "The server is down or refuses this network. It is tried again by itself; look at it in a browser if it lasts.",
    ),
    FaultKind.TIMEOUT: FaultText(
        "it took too long to answer",
        "It is tried again by itself. If it is always slow, raise crawl.timeout (60 s at most).",
    ),
    FaultKind.TLS: FaultText(
        "its certificate could not be verified",
        "The site's certificate is wrong or out of date, or this machine's clock is. Wait for the site to mend it, or, "
        "if you accept that anybody between could change what is read, set verify_tls: false for this source.",
    ),
    FaultKind.PROXY: FaultText(
        "its proxy did not let us through",
        "Check the environment variable that the source's (or crawl's) `proxy` names, and that the proxy runs.",
    ),
    FaultKind.ROBOTS: FaultText(
        "its robots.txt forbids reading it",
        "Use another endpoint of this source, or ask the publisher; with their leave set obey_robots: false for it.",
    ),
    FaultKind.ROBOTS_LOST: FaultText(
        "its robots.txt cannot be had, so that nothing may be read",
        "It is tried again by itself. If it lasts while the site answers in a browser, tell the publisher or use "
        "another endpoint; with their leave set obey_robots: false for it.",
    ),
    FaultKind.BLOCKED: FaultText(
        "it refuses us",
        "Check that the URL needs no login and that user_agent says who you are and how to reach you; give the source "
        "another endpoint, or a `proxy` in a country that it serves.",
    ),
    FaultKind.GONE: FaultText(
        "the page is not there any more",
        "Find the source's new address and change its endpoint: `envoywatch sources add URL` looks for feeds.",
    ),
    FaultKind.RATE_LIMITED: FaultText(
        "it says we ask too often",
        "It is asked again when it allows. Lengthen this source's interval if it happens often.",
    ),
    FaultKind.SERVER: FaultText(
        "its server has an error",
        "The trouble is on their side; it is tried again by itself.",
    ),
    FaultKind.STATUS: FaultText(
        "it gave an answer that is not understood",
        "Open the URL in a browser to see what it answers, then change the endpoint.",
    ),
    FaultKind.REDIRECTS: FaultText(
        "it sends us from page to page",
        "Open the URL in a browser and write the address you end up at into the configuration.",
    ),
    FaultKind.TOO_LARGE: FaultText(
        "its answer is too large",
        "Use a smaller feed of this source, or raise crawl.max_size_mb.",
    ),
    FaultKind.EMPTY: FaultText(
        "it answers with nothing",
        "It is tried again by itself. If it lasts, find the source's new address.",
    ),
    FaultKind.NOT_A_FEED: FaultText(
        "what it gives is not a feed",
        "The address may now lead to a web page or a login; find the feed's new address.",
    ),
    FaultKind.NO_PREVIEW: FaultText(
        "the Telegram channel shows no public preview",
        "It is private, renamed, gone or forbids previews; that says nothing about its posts. Find another endpoint.",
    ),
    FaultKind.MALFORMED: FaultText(
        "what it gives is too damaged to read",
        "It is tried again by itself. If it lasts, use another endpoint of this source.",
    ),
    FaultKind.NO_LINKS: FaultText(
        "no links were found on its page",
        "The page was rebuilt: change this endpoint's `links` selector and try it with `envoywatch sources test`.",
    ),
    FaultKind.SPIDER: FaultText(
        "its spider failed",
        "Mend the spider's file (the log has the traceback) and try it with `envoywatch sources test`.",
    ),
    FaultKind.INTERNAL: FaultText(
        "an error of our own stopped it",
        "This is our mistake: the log has the details to report.",
    ),
}

_PAGE_REMEDIES = {
    FaultKind.ADDRESS: "If you mean to read pages of a private network, set crawl.private_addresses: true.",
    FaultKind.NAME: "Check the spelling of the host and this machine's name server.",
    FaultKind.CONNECT: "The server is down or refuses this network: look at it in a browser, or try again later.",
    FaultKind.TIMEOUT: "Try again later. If it is always slow, raise crawl.timeout (60 s at most).",
    FaultKind.ROBOTS: "Read it in a browser, and ask the publisher for permission if you need it here.",
    FaultKind.ROBOTS_LOST: "The trouble is on their side: try again later, or read it in a browser.",
    FaultKind.GONE: "The article was taken down or moved: look for it on the site.",
    FaultKind.RATE_LIMITED: "Try again later.",
    FaultKind.SERVER: "The trouble is on their side: try again later.",
    FaultKind.STATUS: "Open the URL in a browser to see what it answers.",
    FaultKind.REDIRECTS: "Open the URL in a browser and try the address you end up at.",
    FaultKind.TOO_LARGE: "Raise crawl.max_size_mb if you need it.",
    FaultKind.EMPTY: "Open the URL in a browser to see what it answers.",
}
"""Where a person asked for one page and no source is meant, the advice differs."""

_DELIVERY_TEXTS = {
    DeliveryFault.REFUSED: FaultText(
        "the service refused the message",
        "Check the channel's address and rights, then send it again with `envoywatch outbox retry`.",
    ),
    DeliveryFault.MISCONFIGURED: FaultText(
        "the channel is not set up rightly",
        "Mend the channel's URL in the configuration, then try `envoywatch outbox test`.",
    ),
    DeliveryFault.UNREACHABLE: FaultText(
        "the service could not be reached",
        "It is tried again by itself for three days; then the fallback takes over.",
    ),
    DeliveryFault.TIMEOUT: FaultText(
        "the service took too long to answer",
        "It is tried again by itself for three days; then the fallback takes over.",
    ),
    DeliveryFault.RATE_LIMITED: FaultText(
        "the service says we send too often",
        "It is sent when the service allows.",
    ),
    DeliveryFault.SERVER: FaultText(
        "the service has an error",
        "The trouble is on their side; it is tried again by itself.",
    ),
}


def describe(kind: FaultKind) -> FaultText:
    """The words and the remedy for a fault of a source."""
    return _TEXTS[kind]


def fault_words(remedy: str) -> str | None:
    """The words of the fault of a source that this advice belongs to, since each has its own; None for other advice."""
    return next((text.words for text in _TEXTS.values() if text.remedy == remedy), None)


def describe_page(kind: FaultKind) -> FaultText:
    """The words and the remedy for a fault of one page that somebody asked for."""
    text = _TEXTS[kind]
    return text._replace(remedy=_PAGE_REMEDIES.get(kind, text.remedy))


def describe_delivery(kind: DeliveryFault) -> FaultText:
    """The words and the remedy for a delivery that failed."""
    return _DELIVERY_TEXTS[kind]
