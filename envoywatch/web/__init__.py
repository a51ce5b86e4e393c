"""The web page: the digest to review, the sources and the archive, served from the daemon's own loop."""
