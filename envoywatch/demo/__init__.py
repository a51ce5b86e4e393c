"""The demo: a made-up shuttle mission served from loopback and watched by the real daemon."""
