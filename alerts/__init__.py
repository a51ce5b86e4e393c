"""From articles to messages: watches, meetings, the ledger, decisions, digests and the ways out."""
