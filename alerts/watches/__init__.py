"""Watches: the query language, and the matcher that runs every watch over an article in one pass."""
