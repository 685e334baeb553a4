"""HTTP handlers and what stands around them, without a framework."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit


@dataclass
class Request:
    """What a client asks for."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    user: str | None = None

    @property
    def query(self) -> dict[str, str]:
        """Return the parameters of the address, the last of equal names."""
        parsed = parse_qs(urlsplit(self.path).query)
        return {name: values[-1] for name, values in parsed.items()}

    def json(self) -> Any:
        """Return the decoded body, or fail with a bad request."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise HttpError(HTTPStatus.BAD_REQUEST, "the body is not JSON") from None

    def bearer(self) -> str | None:
        """Return the token of the authorization header, or None."""
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        return token if kind.lower() == "bearer" and token else None


@dataclass
class Response:
    """What goes back to the client."""

    body: bytes = b""
    status: int = HTTPStatus.OK
    headers: dict[str, str] = field(default_factory=dict)


class HttpError(Exception):
    """An error that the client is told."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


Handler = Callable[[Request], Response]
Middleware = Callable[[Handler], Handler]


def as_json(data: Any, status: int = HTTPStatus.OK) -> Response:
    """Return a response with data as JSON."""
    body = json.dumps(data, separators=(",", ":")).encode()
    return Response(body, status, {"Content-Type": "application/json"})


def as_page(title: str, content: str) -> Response:
    """Return a response with a small HTML page."""
    text = f"<!doctype html><title>{html.escape(title)}</title>\n{content}"
    return Response(text.encode(), headers={"Content-Type": "text/html; charset=utf-8"})


def see_other(location: str, **params: str) -> Response:
    """Return a response that sends the client to another address."""
    if params:
        location += "?" + urlencode(params)
    return Response(status=HTTPStatus.SEE_OTHER, headers={"Location": location})


def catch_errors(handler: Handler) -> Handler:
    """Turn the errors of a handler into responses."""

    def wrapped(request: Request) -> Response:
        try:
            return handler(request)
        except HttpError as error:
            return as_json({"error": str(error)}, error.status)
        except Exception:
            return as_json({"error": "internal error"}, HTTPStatus.INTERNAL_SERVER_ERROR)

    return wrapped


def require_user(handler: Handler) -> Handler:
    """Refuse requests of clients who are not logged in."""

    def wrapped(request: Request) -> Response:
        if request.user is None:
            raise HttpError(HTTPStatus.UNAUTHORIZED, "please log in")
        return handler(request)

    return wrapped


def chain(handler: Handler, *layers: Middleware) -> Handler:
    """Return a handler with layers around it, the first one outermost."""
    for layer in reversed(layers):
        handler = layer(handler)
    return handler


class Router:
    """Finds the handler of a request."""

    def __init__(self) -> None:
        self.routes: dict[tuple[str, str], Handler] = {}

    def route(self, method: str, path: str) -> Callable[[Handler], Handler]:
        """Return a decorator that registers a handler."""

        def register(handler: Handler) -> Handler:
            self.routes[method, path] = handler
            return handler

        return register

    def dispatch(self, request: Request) -> Response:
        """Return the response of the handler for a request."""
        path = urlsplit(request.path).path.rstrip("/") or "/"
        handler = self.routes.get((request.method, path))
        if handler is not None:
            return handler(request)
        allowed = sorted(method for method, known in self.routes if known == path)
        if allowed:
            return Response(status=HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": ", ".join(allowed)})
        return as_json({"error": "not found"}, HTTPStatus.NOT_FOUND)


class TodoApi:
    """Handlers of a list of things to do."""

    def __init__(self) -> None:
        self.items: dict[int, dict[str, Any]] = {}
        self.next_id = 1

    def index(self, request: Request) -> Response:
        """Return all items, or those that are done or open."""
        items = list(self.items.values())
        if "done" in request.query:
            wanted = request.query["done"] == "yes"
            items = [item for item in items if item["done"] == wanted]
        return as_json({"items": items, "count": len(items)})

    def create(self, request: Request) -> Response:
        """Add an item and return it with its number."""
        title = str(request.json().get("title", "")).strip()
        if not title:
            raise HttpError(HTTPStatus.UNPROCESSABLE_ENTITY, "title is missing")
        item = {"id": self.next_id, "title": title, "done": False}
        self.items[self.next_id] = item
        self.next_id += 1
        return as_json(item, HTTPStatus.CREATED)

    def delete(self, request: Request) -> Response:
        """Delete the item whose number is in the query."""
        number = int(request.query.get("id", "0"))
        if self.items.pop(number, None) is None:
            raise HttpError(HTTPStatus.NOT_FOUND, f"no item {number}")
        return Response(status=HTTPStatus.NO_CONTENT)


class TokenStore:
    """Tokens that are valid for a while."""

    def __init__(self, seconds: float = 3600.0) -> None:
        self.seconds = seconds
        self.tokens: dict[str, tuple[str, float]] = {}

    def issue(self, user: str) -> str:
        """Return a new token for a user."""
        token = secrets.token_urlsafe(24)
        self.tokens[token] = (user, time.time() + self.seconds)
        return token

    def user_of(self, token: str) -> str | None:
        """Return whose token it is, or None if it is unknown or too old."""
        user, expires = self.tokens.get(token, (None, 0.0))
        if time.time() > expires:
            self.tokens.pop(token, None)
            return None
        return user

    def revoke_all(self, user: str) -> int:
        """Delete all tokens of a user and return how many there were."""
        mine = [token for token, (owner, _) in self.tokens.items() if owner == user]
        for token in mine:
            del self.tokens[token]
        return len(mine)


def sign_cookie(value: str, key: bytes) -> str:
    """Return a value with a signature behind it."""
    digest = hmac.new(key, value.encode(), hashlib.sha256).digest()
    return value + "." + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def read_cookie(cookie: str, key: bytes) -> str | None:
    """Return the value of a signed cookie, or None if the signature is wrong."""
    value, _, _ = cookie.rpartition(".")
    if hmac.compare_digest(sign_cookie(value, key), cookie):
        return value
    return None


def page_links(path: str, page: int, last: int) -> dict[str, str]:
    """Return the addresses of the pages before and after a page.

    >>> page_links("/books", 1, 3)
    {'next': '/books?page=2', 'last': '/books?page=3'}
    """
    links = {}
    if page > 1:
        links["first"] = f"{path}?page=1"
        links["previous"] = f"{path}?page={page - 1}"
    if page < last:
        links["next"] = f"{path}?page={page + 1}"
        links["last"] = f"{path}?page={last}"
    return links


def etag_matches(header: str, body: bytes) -> bool:
    """Whether a client already has this body."""
    tag = '"' + hashlib.sha1(body).hexdigest() + '"'
    return header == "*" or tag in [part.strip() for part in header.split(",")]
