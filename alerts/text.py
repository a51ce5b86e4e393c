"""Text as watches see it: folded characters and tokens with a map back to the original, and the forms of a word."""

from __future__ import annotations

from storage.folding import Folded, Token, fold, tokenize

__all__ = ["Folded", "Token", "fold", "tokenize"]
