"""A proxy before a server that notes what it is asked for, as the server's access log would."""

import contextlib
import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

PASSED_ON = ("Content-Type", "Content-Encoding", "Content-Crs", "ETag", "Location")


@contextlib.contextmanager
def recorded(address):
    """Yield the proxy's address, and the list of paths with queries that it passed on."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            server = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
            # The reader's Host goes along, so that links lead back to here.
            kept = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            server.request("GET", self.path, headers=kept)
            answer = server.getresponse()
            body = answer.read()
            server.close()
            asked.append((answer.status, self.path))
            self.send_response(answer.status)
            for name in PASSED_ON:
                if answer.headers[name]:
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}", asked
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join()
