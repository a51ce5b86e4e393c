"""Listings as sites build them, in words of our own: what is learned finds the articles and nothing else."""

from urllib.parse import urljoin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml.cssselect import CSSSelector

from crawler.learning import find_next, learn_links, link_title, other_page
from crawler.markup import parse_html

URL = "https://gov.example/en/news/"
TITLES = [
    "President receives special envoy in the capital",
    "Minister meets ambassadors of the region",
    "Statement on the situation in the strait",
    "Delegation returns from talks abroad",
    "Joint communique after the consultations",
    "Council discusses the plan for a truce",
]
CHINESE = ["外交部发言人主持例行记者会", "政府特别代表访问欧洲多国", "两国外长在首都通电话", "中方就停火提出建议"]
SLUGS = [title.lower().replace(" ", "-") for title in TITLES]


def each(text, titles=TITLES):
    slugs = SLUGS if titles is TITLES else titles
    return "".join(text.format(n=n, t=title, s=slug) for n, (title, slug) in enumerate(zip(titles, slugs, strict=True)))


NAVIGATION = "<nav class='main'><ul>" + "".join(
    f"<li><a href='/sections/{n}-politics-and-economy'>All about section {n} of this site</a></li>" for n in range(9)
)
FOOTER = "</ul></nav>{}<div class='footer-links'>" + "".join(
    f"<p><a href='/legal/{n}-terms-of-use'>Legal notice number {n} of this site</a></p>" for n in range(9)
)
TAGS = "".join(f"<a href='/tag/a-rather-long-word-{n}'>A rather long word {n}</a>" for n in range(30))
LAYOUTS = {
    "headings": each(
        '<div class="hentry"><h3 class="t"><a href="/events/{n}1001"><span>{t}</span> <time datetime="2023-05-17">'
        'May 17</time></a></h3><p class="tags"><a href="/topics/{n}/list">Some topic of it</a></p></div>'
    ),
    "chinese list": '<div class="newsBd"><ul class="list1">'
    + each('<li><a href="./202305/t2023051{n}_110.shtml">{t}</a>（2023-05-1{n}）</li>', CHINESE)
    + "</ul></div>",
    "cards with pictures": each(
        '<div class="card card--{n}1"><a class="card__image" href="/news/2023/{s}"><img></a><div class="card__body">'
        '<a href="/politics">Politics</a><h2><a href="/news/2023/{s}">{t}</a></h2><p>teaser</p></div></div>'
    ),
    "made-up class names": each(
        '<div class="css-9x8y7{n}"><a class="sc-abc12 kLmNoP" href="/a/{s}-{n}001"><h3>{t}</h3><i>2 hours'
        " ago</i></a></div>"
    ),
    "a table": "<table class='news'>"
    + each("<tr><td>1{n}.05.2023</td><td><a href='/show.php?id=50{n}'>{t}</a></td></tr>")
    + "</table>",
    "definitions": "<dl>" + each("<dt>May 1{n}</dt><dd><a href='/press/2023/05/{s}/'>{t}</a></dd>") + "</dl>",
    "paragraphs": each("<p><b>1{n} May 2023</b> <a href='n230{n}.html'>{t}</a></p>"),
    "a sidebar beside": "<div class='list'>"
    + each("<div class='item'><i>1{n}.05.2023 12:00</i><a class='title' href='/news/900{n}-{s}'>{t}</a></div>")
    + "</div><div class='sidebar'>"
    + each("<p><a href='/blog/{n}-opinion-of-the-editor'>Opinion {n}: {t}</a></p>")
    + "</div>",
    "a weblog": each(
        '<article class="post"><header><h2><a href="/2023/05/{s}/">{t}</a></h2><a href="/category/world-news">World '
        'news</a></header><a class="more" href="/2023/05/{s}/#more">Continue reading</a></article>'
    )
    + f"<div class='tagcloud'>{TAGS}</div>",
    "short titles with times": "<ul class='events'>"
    + each("<li><span>0{n}:15</span><a href='/event/77{n}'>Visit to town {n}</a></li>")
    + "</ul>",
}
ARTICLES = (
    "/events/",
    "/202305/",
    "/news/2023",
    "/a/",
    "/show.php",
    "/press/",
    "n230",
    "/news/900",
    "/2023/05",
    "/event/",
)


def tree(body):
    return parse_html(f"<html><body>{body}</body></html>".encode(), "text/html; charset=utf-8")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_articles_of_a_listing_are_found_among_menus_footers_and_sidebars(layout):
    root = tree(NAVIGATION + FOOTER.format(LAYOUTS[layout]) + "</div>")
    learned = learn_links(root, URL, URL)
    links = {urljoin(URL, one.get("href")) for one in CSSSelector(learned.selector, translator="html")(root)}
    assert len(links) == learned.links == (len(CHINESE) if layout == "chinese list" else len(TITLES))
    assert all(any(mark in link for mark in ARTICLES) for link in links)


def test_a_lead_and_a_list_of_the_same_shelf_are_taken_together():
    root = tree(
        each("<div class='top'><h2><a href='/world/11{n}-{s}'>{t}</a></h2></div>")
        + each("<div class='row'><time>12:0{n}</time><h4><a href='/world/12{n}-{s}'>{t} again</a></h4></div>")
    )
    assert learn_links(root, URL, URL).links == 2 * len(TITLES)


@pytest.mark.parametrize(
    "body",
    [
        "<p>words</p>",
        NAVIGATION,
        "".join(f"<a href='https://elsewhere{n}.example/{slug}'>{slug} of words</a>" for n, slug in enumerate(SLUGS)),
        "<a href='#a'>x</a><a href=''>y</a><a>z</a><a href='mailto:a@b.example'>w</a><a href='https://[bad'>v</a>",
    ],
)
def test_a_page_that_is_no_list_teaches_nothing(body):
    assert learn_links(tree(body), URL, URL) is None


def test_what_a_style_compiler_named_is_not_relied_on():
    learned = learn_links(tree(LAYOUTS["made-up class names"]), URL, URL)
    assert "." not in learned.selector


def test_a_card_that_is_one_link_is_called_by_its_heading():
    anchor = tree("<a href='x'><img><h3>The <b>envoy</b></h3><p>and much more</p></a>").find(".//a")
    assert link_title(anchor) == "The envoy"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400))
def test_no_page_makes_learning_raise(body):
    root = tree(body)
    learn_links(root, URL, URL)
    find_next(root, URL, URL)


# ---------------------------------------------------------------- the next page


@pytest.mark.parametrize(
    ("body", "to"),
    [
        ('<link rel="next" href="?page=2">', "https://gov.example/en/news/?page=2"),
        ('<a rel="nofollow next" href="page/2">2</a>', "https://gov.example/en/news/page/2"),
        ('<a href="2">2</a><a href="3"> Следующая › </a>', "https://gov.example/en/news/3"),
        ('<a href="index_1.shtml">下一页</a>', "https://gov.example/en/news/index_1.shtml"),
        ('<a href="/p2" aria-label="Next page"><svg></svg></a>', "https://gov.example/p2"),
        ('<a href="/p2">Next steps in the talks</a>', None),
        ('<a rel="next" href="https://elsewhere.example/2">2</a>', None),
        ('<a rel="next" href="#">2</a>', None),
        ('<a rel="next">2</a>', None),
        ("<p>words</p>", None),
    ],
)
def test_the_next_page_is_where_the_page_says(body, to):
    assert find_next(tree(body), URL, URL) == to


def test_a_script_is_no_next_page():
    assert other_page("javascript:void(0)", URL, URL) is None
