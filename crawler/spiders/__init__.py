"""Spiders: Scrapy classes that a source may name, the one for listing pages among them."""
