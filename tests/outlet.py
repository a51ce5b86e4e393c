"""Servers on loopback: what answers of them share, and one that gives a few pages by their path."""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answering:
    """For a handler of requests: answers with a whole body, and says nothing of it."""

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class _Pages(Answering, BaseHTTPRequestHandler):
    def do_GET(self):
        kind, text = self.server.pages.get(self.path, ("text/plain", None))
        self.answer(404 if text is None else 200, kind, (text or "").replace("{base}", self.server.url).encode())


@contextlib.contextmanager
def serving(pages):
    """Serve the kind and the text of each path, 404 for others; `{base}` in a text stands for the address given."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Pages) as server:
        server.pages = pages
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()
