"""A server on loopback that gives a few pages by their path, and 404 for all else."""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        kind, text = self.server.pages.get(self.path, ("text/plain", None))
        body = (text or "").replace("{base}", self.server.url).encode()
        self.send_response(404 if text is None else 200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(pages):
    """Serve the kind and the text of each path, `{base}` in a text standing for the server; gives its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.pages = pages
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()
