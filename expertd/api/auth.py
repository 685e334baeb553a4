"""Who may ask: the socket's owner, or over HTTP whoever holds the token and comes from no foreign web page."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import socket
import tempfile
from pathlib import Path

from aiohttp import hdrs, web

from expertd.api.errors import Handler
from expertd.config import LOOPBACK, Settings
from expertd.errors import ConfigError, Forbidden, Unauthorized

_HOST = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(:\d{1,5})?|\[(?P<address>[0-9A-Fa-f:.]+)\](:\d{1,5})?")
_PAGE = re.compile(r"^https?://")


def read_or_make_token(path: Path) -> str:
    """The bearer token of HTTP, made at the first start in a file that only its owner can read."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            # Whole before it has its name: two that start at once see the same token, and a kill leaves none half made.
            with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".token-") as file:
                file.write(secrets.token_urlsafe(32) + "\n")
                file.flush()
                with contextlib.suppress(FileExistsError):
                    os.link(file.name, path)
        if path.is_dir():  # which must keep its mode
            raise ConfigError(f"token_file names the folder {path}: name a file")
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        token = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the token file {path} cannot be used: {error}. Give another with token_file.") from error
    if not token:
        raise ConfigError(f"the token file {path} is empty: delete it, and a new one is made")
    return token


def middleware(settings: Settings, token: str | None) -> web.middleware:  # type: ignore[valid-type]
    """Checks every request over HTTP. The Unix socket needs none: its file's owner is the authentication."""
    allowed = {_hostname(host) for host in settings.allowed_hosts}
    hosts = LOOPBACK | (allowed - {None})
    origins = frozenset(settings.allowed_origins)

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if _over_unix_socket(request):
            return await handler(request)
        # Host and Origin come first: a page that got here by DNS rebinding learns nothing, with or without a token.
        if _hostname(request.headers.get(hdrs.HOST, "")) not in hosts:
            raise Forbidden("this Host is not served: use localhost, or add it to `allowed_hosts`")
        if len(request.headers.getall(hdrs.ORIGIN, [])) > 1:
            raise Forbidden("a request has one Origin")
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and origin not in origins and _hostname(_PAGE.sub("", origin)) not in LOOPBACK:
            raise Forbidden("pages of this Origin may not call expertd: add it to `allowed_origins`")
        if request.method == hdrs.METH_OPTIONS and origin is not None:
            return _with_cors(web.Response(status=204), origin)
        if origin is not None:
            request["origin"] = origin  # set before the token is looked at: the page shall read that refusal too
        if not _authorized(request, token):
            what = (
                "this is not the daemon's bearer token"
                if hdrs.AUTHORIZATION in request.headers
                else "a bearer token is needed"
            )
            raise Unauthorized(f'{what}: eval "$(expertd env)" sets it for OpenAI clients')
        return await handler(request)

    return check


async def add_cors(request: web.Request, response: web.StreamResponse) -> None:
    """Lets an allowed page read the answer. A signal, so that it reaches streams and errors too."""
    if origin := request.get("origin"):
        _with_cors(response, origin)


def _with_cors(response: web.StreamResponse, origin: str) -> web.StreamResponse:
    response.headers.update(
        {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Headers": "authorization, content-type",
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Expose-Headers": "x-expertd-experts, x-expertd-route, x-expertd-context",
            "Vary": "Origin",
        }
    )
    return response


def _over_unix_socket(request: web.Request) -> bool:
    transport = request.transport
    peer = transport.get_extra_info("socket") if transport else None
    return peer is not None and peer.family == socket.AF_UNIX


def _hostname(host: str) -> str | None:
    """The name in a `Host`, in lower case and without the port; None where it is no plain name or address."""
    match = _HOST.fullmatch(host)
    return (match["name"] or match["address"]).lower() if match else None


def _authorized(request: web.Request, token: str | None) -> bool:
    scheme, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if token is None or scheme.lower() != "bearer":
        return False
    return secrets.compare_digest(given.strip().encode("utf-8", "surrogateescape"), token.encode())
