"""What the demo's server answers, as a pure function of the mission, the path and the clock."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import format_datetime
from html import escape
from typing import TYPE_CHECKING

from envoywatch.demo.mission import Article, Mission, Outlet, Trouble

if TYPE_CHECKING:
    from datetime import datetime

_FEED_LENGTH = 30
_NOTE = "This outlet and its texts were invented for a demonstration."
_MORE = {
    "en": "More news",
    "ru": "Другие новости",
    "zh": "更多新闻",
    "uk": "Інші новини",
    "de": "Weitere Meldungen",
    "fr": "Autres articles",
    "pl": "Inne wiadomości",
    "es": "Más noticias",
}
_SECTIONS = {
    "en": ("World", "Economy", "Culture", "Sport"),
    "ru": ("Мир", "Экономика", "Культура", "Спорт"),
    "zh": ("国际", "经济", "文化", "体育"),
    "uk": ("Світ", "Економіка", "Культура", "Спорт"),
    "de": ("Ausland", "Wirtschaft", "Kultur", "Sport"),
    "fr": ("Monde", "Économie", "Culture", "Sport"),
    "pl": ("Świat", "Gospodarka", "Kultura", "Sport"),
    "es": ("Mundo", "Economía", "Cultura", "Deportes"),
}
_SIGN_IN = (
    "<!doctype html><html lang=en><head><title>Sign in to continue</title></head><body><h1>Guest network</h1>"
    "<form method=post action=login><label>Room <input name=room></label><label>Name <input name=guest></label>"
    "<button>Connect</button></form></body></html>"
)
_MALFORMED = '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>Torn Page</titel><link <<'
_ROBOTS = "User-agent: *\nDisallow: /private/\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """A response before conditional requests are looked at; `lag_s` is how long its server takes."""

    status: int
    content_type: str
    body: bytes
    modified_at: datetime | None = None
    lag_s: float = 0.0


def answer(mission: Mission, base_url: str, path: str, now: datetime) -> Answer:
    """Answer a GET of `path` (without query) as things stand at `now`; a page of the future is 404 like any other."""
    if path == "/robots.txt":
        return Answer(200, "text/plain; charset=utf-8", _ROBOTS.encode())
    article = mission.by_path.get(path)
    if article is not None and article.at <= now:
        newest = [a for a in mission.published(article.outlet, now) if a.id != article.id][:4]
        body = render_page(article, newest, base_url)
        return _html(article.outlet, body, article.at)
    for outlet in mission.outlets:
        if path in {f"/{outlet.key}/feed.xml", f"/{outlet.key}/"}:
            return _front(mission, outlet, base_url, path, now)
    return _not_found()


def _front(mission: Mission, outlet: Outlet, base_url: str, path: str, now: datetime) -> Answer:
    """The outlet's feed, or its front page."""
    articles = mission.published(outlet, now)[:_FEED_LENGTH]
    newest_at = articles[0].at if articles else None
    if path.endswith("/"):
        return _html(outlet, render_listing(outlet, articles), newest_at)
    if outlet.feed is None or (outlet.gone_at is not None and now >= outlet.gone_at):
        return _not_found()
    if outlet.trouble is Trouble.SIGN_IN:
        return Answer(200, "text/html; charset=utf-8", _SIGN_IN.encode())
    if outlet.trouble is Trouble.MALFORMED:
        return Answer(200, "application/rss+xml", _MALFORMED.encode())
    render = render_rss if outlet.feed == "rss" else render_atom
    body = render(outlet, articles, base_url).encode()
    return Answer(200, f"application/{outlet.feed}+xml; charset=utf-8", body, newest_at, outlet.lag_s)


def _not_found() -> Answer:
    return Answer(404, "text/html; charset=utf-8", b"<!doctype html><title>404</title><h1>No such page</h1>")


def _html(outlet: Outlet, body: str, modified_at: datetime | None) -> Answer:
    data = body.encode(outlet.encoding, errors="xmlcharrefreplace")
    return Answer(200, f"text/html; charset={outlet.encoding}", data, modified_at)


def _link(article: Article, base_url: str) -> str:
    campaign = "?utm_source=rss&utm_medium=feed" if article.outlet.tracking else ""
    return f"{base_url}{article.path}{campaign}"


def render_rss(outlet: Outlet, articles: tuple[Article, ...], base_url: str) -> str:
    """An RSS 2.0 document."""
    items = "".join(
        f"<item><title>{escape(a.title)}</title><link>{escape(_link(a, base_url))}</link>"
        f'<guid isPermaLink="false">{outlet.key}:{a.id}</guid>'
        f"<pubDate>{format_datetime(a.at)}</pubDate><description>{escape(a.summary)}</description></item>\n"
        for a in articles
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>'
        f"<title>{escape(outlet.name)}</title><link>{base_url}/{outlet.key}/</link><description>{_NOTE}</description>"
        f"<language>{outlet.language}</language>\n{items}</channel></rss>\n"
    )


def render_atom(outlet: Outlet, articles: tuple[Article, ...], base_url: str) -> str:
    """An Atom 1.0 document."""
    entries = "".join(
        f"<entry><title>{escape(a.title)}</title><link href={_quoted(_link(a, base_url))}/>"
        f"<id>urn:demo:{outlet.key}:{a.id}</id><published>{a.at.isoformat()}</published>"
        f"<updated>{a.at.isoformat()}</updated><summary>{escape(a.summary)}</summary></entry>\n"
        for a in articles
    )
    updated = f"<updated>{articles[0].at.isoformat()}</updated>" if articles else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{outlet.language}">'
        f"<title>{escape(outlet.name)}</title><subtitle>{_NOTE}</subtitle><id>urn:demo:{outlet.key}</id>{updated}"
        f'<link href="{base_url}/{outlet.key}/"/>\n{entries}</feed>\n'
    )


def _quoted(text: str) -> str:
    return f'"{escape(text)}"'


def render_listing(outlet: Outlet, articles: tuple[Article, ...]) -> str:
    """The outlet's front page, with links relative to the host."""
    rows = "".join(
        f'<li><h3><a href="{a.path}">{escape(a.title)}</a></h3>'
        f'<time datetime="{a.at.isoformat()}">{a.at:%H:%M}</time></li>\n'
        for a in articles
    )
    main = f'<main><ul class="news">\n{rows}</ul></main>'
    return _document(outlet, f"<title>{escape(outlet.name)}</title>", main)


def render_page(article: Article, others: list[Article], base_url: str) -> str:
    """An article's page as sites make them: navigation and headlines around the text."""
    title, outlet = escape(article.title), article.outlet
    when = article.at.isoformat()
    head = (
        f"<title>{title} | {escape(outlet.name)}</title>"
        f'<link rel="canonical" href="{base_url}{article.path}">'
        f'<meta property="og:type" content="article"><meta property="og:title" content={_quoted(article.title)}>'
        f'<meta property="og:site_name" content={_quoted(outlet.name)}>'
        f'<meta property="article:published_time" content="{when}">'
    )
    text = "\n".join(f"<p>{escape(paragraph)}</p>" for paragraph in article.paragraphs)
    more = "".join(f'<li><a href="{a.path}">{escape(a.title)}</a></li>' for a in others)
    main = (
        f'<main><article><h1>{title}</h1>\n<time datetime="{when}">{article.at:%Y-%m-%d %H:%M} UTC</time>\n'
        f'<div class="article-body">\n{text}\n</div></article></main>\n'
        f'<aside class="related"><h2>{_MORE[outlet.language]}</h2><ul>{more}</ul></aside>'
    )
    return _document(outlet, head, main)


def _document(outlet: Outlet, head: str, main: str) -> str:
    sections = "".join(f'<li><a href="/{outlet.key}/">{name}</a></li>' for name in _SECTIONS[outlet.language])
    return (
        f'<!doctype html>\n<html lang="{outlet.language}"><head><meta charset="{outlet.encoding}">{head}</head>\n<body>'
        f'<header><a href="/{outlet.key}/">{escape(outlet.name)}</a><nav><ul>{sections}</ul></nav></header>\n{main}\n'
        f"<footer><p>{escape(outlet.name)} · {_NOTE}</p></footer></body></html>\n"
    )
