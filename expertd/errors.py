"""Every exception that expertd raises on purpose, with its HTTP status and its exit code."""

from __future__ import annotations

from typing import ClassVar

LONGEST = 1000  # characters that are shown of what a stranger's file may have made longer


def shown(text: str) -> str:
    """`text` as one line that can be printed and sent: a stranger's file may have had anything in it.

    Control characters would steer a terminal, and bytes of a file's name that are no text cannot be written at all.
    """
    if len(text) > LONGEST:
        half = LONGEST // 2
        text = f"{text[: half - 5]} ... {text[-half:]}"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c == "\n" else repr(c)[1:-1] for c in text)


class ExpertdError(Exception):
    """Base of all our errors. `message` is shown to people: it says what, where and what to do."""

    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    type: ClassVar[str] = "server_error"
    code: ClassVar[str | None] = None

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param


class InvalidRequest(ExpertdError):
    """The client asked for something that cannot be done as asked."""

    status = 400
    exit_code = 2
    type = "invalid_request_error"


class ContextOverflow(InvalidRequest):
    """The prompt does not fit the context even alone."""

    code = "context_length_exceeded"


class Unauthorized(ExpertdError):
    """No bearer token, or a wrong one."""

    status = 401
    exit_code = 3
    type = "authentication_error"
    code = "invalid_api_key"


class Forbidden(ExpertdError):
    """A `Host` or `Origin` that is neither loopback nor configured."""

    status = 403
    exit_code = 3
    type = "permission_error"
    code = "forbidden"


class NotFound(ExpertdError):
    """No such route."""

    status = 404
    exit_code = 4
    type = "invalid_request_error"
    code = "not_found"


class UnknownModel(NotFound):
    """A model or expert name that is not served."""

    code = "model_not_found"


class MethodNotAllowed(ExpertdError):
    """The route exists, but not for this method."""

    status = 405
    exit_code = 2
    type = "invalid_request_error"
    code = "method_not_allowed"


class BodyTooLarge(InvalidRequest):
    """The body is over `max_body_mb`."""

    status = 413
    code = "body_too_large"


class Overloaded(ExpertdError):
    """Not now: the queue is full, the daemon is stopping, an expert is being replaced. `retry_after` is in seconds."""

    status = 503
    exit_code = 5
    type = "overloaded_error"
    code = "overloaded"

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class EngineFailed(ExpertdError):
    """llama.cpp refused a step; the request ends, the daemon goes on."""

    status = 500
    exit_code = 6
    code = "engine_failed"


class HookMissed(EngineFailed):
    """A step changed other nodes than planned: its results are wrong, and the mixed way is given up."""


class HookUnavailable(ExpertdError):
    """The hook cannot be built or reach what it needs here; the plain way serves. The message says why."""


class ConfigError(ExpertdError):
    """A setting, flag or file of settings is wrong; the daemon does not start."""

    exit_code = 78  # EX_CONFIG


class BaseRefused(ExpertdError):
    """A base model file cannot be served. The message names the file and the reason."""

    exit_code = 66  # EX_NOINPUT


class DownloadFailed(ExpertdError):
    """A model could not be fetched. What arrived is kept, and the next pull goes on from there."""

    exit_code = 69  # EX_UNAVAILABLE


class ExpertRefused(ExpertdError):
    """An expert folder cannot be served. Each of `faults` names the file, the reason and the remedy.

    The message is the first, and how many more there are. Where it is `passing`, it may be over though no file changes.
    """

    exit_code = 65  # EX_DATAERR

    def __init__(self, *faults: str, passing: bool = False) -> None:
        faults = tuple(map(shown, faults))
        more = f" `expertd experts check` tells {len(faults) - 1} more." if len(faults) > 1 else ""
        super().__init__(faults[0] + more)
        self.faults = faults
        self.passing = passing


class CannotWrite(ExpertdError):
    """A package or an expert cannot be put where it should go, as where another of its name is there already."""

    exit_code = 73  # EX_CANTCREAT


class TrainingRefused(ExpertdError):
    """The training data or the options of a training are wrong."""

    exit_code = 65  # EX_DATAERR


class TrainingStopped(ExpertdError):
    """A training cannot go on here; its last checkpoint is whole."""

    exit_code = 74  # EX_IOERR


class AlreadyRunning(ExpertdError):
    """Another daemon owns the socket."""

    exit_code = 73  # EX_CANTCREAT


class DaemonUnreachable(ExpertdError):
    """No daemon answers on the socket."""

    exit_code = 69  # EX_UNAVAILABLE
