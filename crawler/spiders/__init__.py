"""Spiders for sources that need more than a feed: put a Scrapy spider here and name it in a source (`spider: NAME`)."""
