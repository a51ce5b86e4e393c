import pytest

from crawler.main_text import is_dense, main_text
from crawler.markup import parse_html

URL = "https://news.example/a"
RUSSIAN = "Президент принял посланника во дворце, сообщили в администрации. Подробности не приводятся."
FLASH = "总统周三在首都会见了来访的特使，双方就和平计划交换了意见。外交部发言人当天证实了这一消息，但没有透露更多细节。"
MENU = (
    "首页",
    "国际",
    "财经",
    "体育",
    "娱乐",
    "登录",
    "注册",
    "广告服务",
    "联系我们",
    "版权所有",
    "热门推荐",
    "下载客户端",
)
LINKS = "".join(f"<li><a href='/{n}'>{word}</a></li>" for n, word in enumerate(MENU))
SPANS = "".join(f"<span>{word}</span>" for word in MENU)
FOOT = f"<div class='foot'>{SPANS}</div>"
LAYOUTS = {
    "article": f"<nav><ul>{LINKS}</ul></nav><article><h1>总统会见特使</h1><p>{FLASH}</p></article>{FOOT}",
    "divs": f"<div class='top'>{LINKS}</div><div class='content'><p>{FLASH}</p></div><div><p>{SPANS}</p></div>",
    "table": f"<table><tr><td><ul>{LINKS}</ul></td><td class='article-body'><p>{FLASH}</p></td></tr></table>{FOOT}",
    "main": f"<header><ul>{LINKS}</ul></header><main><p>{FLASH[:30]}</p><p>{FLASH[30:]}</p></main>{FOOT}",
    "post": f"<ul>{LINKS}</ul><div class='post-content'>{FLASH}<br>{FLASH[::-1]}</div>{FOOT}",
}


def read(body, title=""):
    return main_text(parse_html(f"<html><body>{body}</body></html>".encode(), None), URL, title)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_news_flash_in_chinese_comes_without_navigation(layout):
    text = read(LAYOUTS[layout], "总统会见特使")
    assert FLASH[:30] in text
    assert [word for word in MENU if word in text] == []


def test_nor_does_one_in_russian():
    menu = "".join(f"<li><a href='/{word}'>{word}</a></li>" for word in ("Главная", "Политика", "Реклама"))
    assert read(f"<ul>{menu}</ul><div class='article'><p>{RUSSIAN}</p></div><div>{menu}</div>") == RUSSIAN


def test_a_script_is_dense_when_it_says_most():
    assert is_dense("总统会见 Li Hui")
    assert is_dense("東京で会談")
    assert not is_dense("The Chinese word 总统 means president")
    assert not is_dense("")


def test_the_tree_is_left_as_it_was():
    root = parse_html(f"<html><body>{LAYOUTS['article']}</body></html>".encode(), None)
    before = len(list(root.iter()))
    main_text(root, URL, "")
    assert len(list(root.iter())) == before


@pytest.mark.parametrize("tag", ["p", "div", "br"])
def test_where_fast_reading_misses_nearly_all_the_slower_one_is_believed(monkeypatch, tag):
    import trafilatura

    real = trafilatura.bare_extraction
    sentence = "The special envoy was received by the president in the capital on Wednesday, point {}. "

    def hasty(root, *, fast, **options):
        found = real(root, fast=fast, **options)
        found.text = found.text[:90] if fast else found.text
        return found

    monkeypatch.setattr("trafilatura.bare_extraction", hasty)
    end = "" if tag == "br" else f"</{tag}>"
    lines = "".join(f"<{tag}>{sentence.format(n)}{end}" for n in range(9))
    assert read(f"<article>{lines}</article>").count("special envoy") == 9
