"""Networks and protocols: sockets, HTTP, addresses, messages."""

from __future__ import annotations

import json
import socket
import struct
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


def fetch(url: str, timeout: float = 10.0) -> str:
    """Fetch a page and return its text."""
    request = urllib.request.Request(url, headers={"User-Agent": "example/1.0"})
    with urllib.request.urlopen(request, timeout=timeout) as response:
        charset = response.headers.get_content_charset() or "utf-8"
        return response.read().decode(charset, errors="replace")


def is_up(url: str) -> bool:
    """Whether a server answers at an address without an error."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status < 400
    except (urllib.error.URLError, TimeoutError):
        return False


def port_is_open(host: str, port: int, timeout: float = 1.0) -> bool:
    """Whether something listens on a port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.settimeout(timeout)
        return sock.connect_ex((host, port)) == 0


def local_address() -> str:
    """Return the address that this machine reaches others from."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("192.0.2.1", 9))
        return sock.getsockname()[0]


def send_message(sock: socket.socket, data: Any) -> None:
    """Send data as JSON with its length in front."""
    body = json.dumps(data).encode()
    sock.sendall(struct.pack("!I", len(body)) + body)


def receive_exactly(sock: socket.socket, size: int) -> bytes:
    """Receive so many bytes or fail if the connection ends before."""
    chunks = []
    while size > 0:
        chunk = sock.recv(min(size, 4096))
        if not chunk:
            raise ConnectionError("connection closed")
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)


def receive_message(sock: socket.socket) -> Any:
    """Receive data that was sent as JSON with its length in front."""
    (length,) = struct.unpack("!I", receive_exactly(sock, 4))
    return json.loads(receive_exactly(sock, length))


def lines(sock: socket.socket) -> Iterator[str]:
    """Yield the lines that arrive on a socket."""
    buffer = b""
    while data := sock.recv(1024):
        buffer += data
        *complete, buffer = buffer.split(b"\n")
        for line in complete:
            yield line.decode().rstrip("\r")
    if buffer:
        yield buffer.decode()


class EchoServer:
    """A server that sends back what it gets, one thread for each client."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.sock = socket.create_server((host, port))
        self.running = False

    @property
    def port(self) -> int:
        """Return the port that the server listens on."""
        return self.sock.getsockname()[1]

    def start(self) -> None:
        """Accept clients in the background."""
        self.running = True
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while self.running:
            try:
                client, _ = self.sock.accept()
            except OSError:
                break
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            while data := client.recv(1024):
                client.sendall(data)

    def stop(self) -> None:
        """Stop accepting clients."""
        self.running = False
        self.sock.close()


class Handler(BaseHTTPRequestHandler):
    """Answers requests for the time being in JSON."""

    items: dict[str, Any] = {}  # noqa: RUF012

    def do_GET(self) -> None:
        """Answer with an item or with all of them."""
        name = self.path.strip("/")
        if not name:
            self.reply(200, list(self.items))
        elif name in self.items:
            self.reply(200, self.items[name])
        else:
            self.reply(404, {"error": f"no item {name}"})

    def do_PUT(self) -> None:
        """Store the JSON of the body under the path's name."""
        length = int(self.headers.get("Content-Length", 0))
        try:
            self.items[self.path.strip("/")] = json.loads(self.rfile.read(length))
        except ValueError:
            self.reply(400, {"error": "not JSON"})
            return
        self.reply(201, {"stored": True})

    def reply(self, status: int, data: Any) -> None:
        """Send a status and data as JSON."""
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(port: int = 8000) -> None:
    """Serve until the user presses Ctrl-C."""
    server = HTTPServer(("127.0.0.1", port), Handler)
    print(f"listening on http://127.0.0.1:{port}/")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print("bye")
    finally:
        server.server_close()


@dataclass(frozen=True)
class Network:
    """A range of IPv4 addresses."""

    address: int
    bits: int

    @classmethod
    def parse(cls, text: str) -> Network:
        """Parse a network such as "10.0.0.0/8"."""
        host, _, bits = text.partition("/")
        return cls(to_int(host), int(bits or 32))

    @property
    def mask(self) -> int:
        """Return the bits that all addresses of the network share."""
        return (0xFFFFFFFF << (32 - self.bits)) & 0xFFFFFFFF

    @property
    def size(self) -> int:
        """Return the number of addresses in the network."""
        return 1 << (32 - self.bits)

    def __contains__(self, host: str) -> bool:
        return to_int(host) & self.mask == self.address & self.mask


def to_int(host: str) -> int:
    """Return an IPv4 address as a number."""
    parts = [int(part) for part in host.split(".")]
    if len(parts) != 4 or not all(0 <= part <= 255 for part in parts):
        raise ValueError(f"not an address: {host}")
    value = 0
    for part in parts:
        value = value << 8 | part
    return value


def to_host(value: int) -> str:
    """Return a number as an IPv4 address."""
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))


def parse_headers(text: str) -> dict[str, str]:
    """Parse the header lines of a message, names in lower case."""
    headers: dict[str, str] = {}
    for line in text.splitlines():
        if not line:
            break
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers


def parse_request_line(line: str) -> tuple[str, str, str]:
    """Split the first line of a request into method, path and version."""
    parts = line.split()
    if len(parts) != 3:
        raise ValueError(f"bad request line: {line!r}")
    method, path, version = parts
    return method.upper(), path, version


def media_type(path: str) -> str:
    """Return the media type of a file by its ending."""
    types = {
        "html": "text/html",
        "css": "text/css",
        "js": "text/javascript",
        "json": "application/json",
        "png": "image/png",
    }
    _, _, ending = path.rpartition(".")
    return types.get(ending.lower(), "application/octet-stream")


def choose_server(servers: list[str], is_healthy: Callable[[str], bool], start: int = 0) -> str:
    """Return the first healthy server from a position on, in turn."""
    for offset in range(len(servers)):
        server = servers[(start + offset) % len(servers)]
        if is_healthy(server):
            return server
    raise ConnectionError("no server is healthy")


def checksum(data: bytes) -> int:
    """Return the sum of 16-bit words as the internet protocols use it."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
