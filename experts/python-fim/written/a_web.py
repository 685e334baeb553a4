"""Pieces of a web service: requests, responses, pages, sessions."""

import base64
import hashlib
import hmac
import html
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlparse, urlsplit, urlunsplit


@dataclass
class Request:
    """What a client asked for."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def query(self) -> dict[str, str]:
        """Return the query parameters, the last value of each."""
        return {key: values[-1] for key, values in parse_qs(urlsplit(self.path).query).items()}

    def json(self) -> Any:
        """Return the body parsed as JSON."""
        if self.headers.get("Content-Type", "").split(";")[0] != "application/json":
            raise ValueError("the body is not JSON")
        return json.loads(self.body)


@dataclass
class Response:
    """What the client is answered."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def json_response(data: Any, status: int = 200) -> Response:
    """Return a response with the data as JSON."""
    return Response(status, json.dumps(data), {"Content-Type": "application/json"})


def error_response(status: int, message: str) -> Response:
    """Return a JSON response that describes an error."""
    return json_response({"error": message}, status)


def redirect(location: str, permanent: bool = False) -> Response:
    """Return a response that sends the client to another address."""
    return Response(301 if permanent else 302, headers={"Location": location})


class Users:
    """Handlers for the users of the service."""

    def __init__(self) -> None:
        self._users: dict[int, dict[str, Any]] = {}
        self._next_id = 1

    def list(self, request: Request) -> Response:
        """Answer with one page of the users."""
        page = int(request.query.get("page", "1"))
        size = min(int(request.query.get("size", "20")), 100)
        users = sorted(self._users.values(), key=lambda user: user["id"])
        start = (page - 1) * size
        return json_response({"users": users[start : start + size], "total": len(users)})

    def create(self, request: Request) -> Response:
        """Create a user from the JSON body of the request."""
        data = request.json()
        if not data.get("email"):
            return error_response(400, "email is required")
        if any(user["email"] == data["email"] for user in self._users.values()):
            return error_response(409, "email is taken")
        user = {"id": self._next_id, "email": data["email"], "name": data.get("name", "")}
        self._users[self._next_id] = user
        self._next_id += 1
        return json_response(user, 201)

    def show(self, request: Request, user_id: int) -> Response:
        """Answer with one user, or 404 if there is none."""
        user = self._users.get(user_id)
        if user is None:
            return error_response(404, "user not found")
        return json_response(user)

    def update(self, request: Request, user_id: int) -> Response:
        """Change the fields of a user that the body names."""
        user = self._users.get(user_id)
        if user is None:
            return error_response(404, "user not found")
        for key, value in request.json().items():
            if key not in ("email", "name"):
                return error_response(400, f"unknown field: {key}")
            user[key] = value
        return json_response(user)

    def delete(self, request: Request, user_id: int) -> Response:
        """Delete a user and answer with no content."""
        if self._users.pop(user_id, None) is None:
            return error_response(404, "user not found")
        return Response(204)


def match_route(pattern: str, path: str) -> dict[str, str] | None:
    """Match a path against a pattern such as "/users/{id}" and return its parameters."""
    parts, names = path.strip("/").split("/"), pattern.strip("/").split("/")
    if len(parts) != len(names):
        return None
    params = {}
    for name, part in zip(names, parts, strict=True):
        if name.startswith("{") and name.endswith("}"):
            params[name[1:-1]] = part
        elif name != part:
            return None
    return params


def add_params(url: str, **params: Any) -> str:
    """Return the URL with query parameters added."""
    scheme, host, path, query, fragment = urlsplit(url)
    values = parse_qs(query)
    for name, value in params.items():
        values[name] = [str(value)]
    return urlunsplit((scheme, host, path, urlencode(values, doseq=True), fragment))


def is_safe_redirect(target: str, host: str) -> bool:
    """Whether a redirect stays on the given host."""
    parsed = urlparse(target)
    if parsed.scheme not in ("", "http", "https"):
        return False
    return parsed.netloc in ("", host)


def absolute_links(base: str, links: list[str]) -> list[str]:
    """Return the links made absolute, without duplicates."""
    seen = []
    for link in links:
        url = urljoin(base, link)
        if url not in seen:
            seen.append(url)
    return seen


def sign(value: str, key: bytes) -> str:
    """Return the value with a signature appended."""
    digest = hmac.new(key, value.encode(), hashlib.sha256).digest()
    return value + "." + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def unsign(signed: str, key: bytes) -> str | None:
    """Return the value of a signed text, or None if the signature is wrong."""
    value, _, _ = signed.rpartition(".")
    if hmac.compare_digest(sign(value, key), signed):
        return value
    return None


def parse_cookies(header: str) -> dict[str, str]:
    """Parse a Cookie header into names and values."""
    cookies = {}
    for pair in header.split(";"):
        name, found, value = pair.strip().partition("=")
        if found:
            cookies[name] = value
    return cookies


def render_list(items: list[str], css_class: str = "items") -> str:
    """Return the items as an HTML list, escaped."""
    rows = "\n".join(f"  <li>{html.escape(item)}</li>" for item in items)
    return f'<ul class="{html.escape(css_class)}">\n{rows}\n</ul>'


class SessionStore:
    """Sessions in memory that end after a time."""

    def __init__(self, lifetime: float = 3600.0) -> None:
        self.lifetime = lifetime
        self._sessions: dict[str, tuple[float, dict[str, Any]]] = {}

    def create(self, **data: Any) -> str:
        """Start a session and return its token."""
        token = secrets.token_urlsafe(32)
        self._sessions[token] = (time.monotonic() + self.lifetime, data)
        return token

    def get(self, token: str) -> dict[str, Any] | None:
        """Return the data of a session, or None if it has ended."""
        entry = self._sessions.get(token)
        if entry is None:
            return None
        expires, data = entry
        if time.monotonic() > expires:
            del self._sessions[token]
            return None
        return data

    def purge(self) -> int:
        """Remove the sessions that have ended and return how many."""
        now = time.monotonic()
        ended = [token for token, (expires, _) in self._sessions.items() if expires < now]
        for token in ended:
            del self._sessions[token]
        return len(ended)


def parse_basic_auth(header: str) -> tuple[str, str] | None:
    """Parse an Authorization header into user and password."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, found, password = base64.b64decode(encoded).decode().partition(":")
    except ValueError:
        return None
    return (user, password) if found else None


def best_language(header: str, supported: list[str], default: str = "en") -> str:
    """Return the supported language that an Accept-Language header likes best."""
    wanted = []
    for part in header.split(","):
        name, _, quality = part.strip().partition(";q=")
        wanted.append((float(quality or 1), name.split("-")[0].lower()))
    for _, name in sorted(wanted, reverse=True):
        if name in supported:
            return name
    return default
