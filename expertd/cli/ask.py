"""`expertd ask`: a question in a shell, with a pipe as context."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from expertd.cli.client import ensure_running, silence_broken_pipe
from expertd.cli.question import check_utf8, joined, piped
from expertd.config import load_settings
from expertd.errors import InvalidRequest

CUT = 7  # exit code: an answer that is not whole by its form


@click.command()
@click.argument("question", nargs=-1)
@click.option(
    "-e", "--expert", default="auto", metavar="NAME", help="An expert (sql), a blend (sql:0.8+mine:0.2) or base."
)
@click.option("-s", "--system", help="A system message.")
@click.option("-t", "--temperature", type=float, help="0 is greedy; default: the expert's own.")
@click.option("-n", "--max-tokens", type=int, help="Stop after this many tokens.")
@click.option("--json-schema", type=click.Path(path_type=Path), metavar="FILE", help="The answer follows this schema.")
@click.option("--regex", metavar="PATTERN", help="The answer matches this, from its beginning to its end.")
@click.option("--grammar", type=click.Path(path_type=Path), metavar="FILE", help="The answer follows this GBNF.")
@click.option("--sql", type=click.Path(path_type=Path), metavar="FILE", help="A SQLite query over this DDL's tables.")
@click.option("--seed", type=int, help="The same seed gives the same answer.")
@click.option("--timings", is_flag=True, help="Show the expert and the times on stderr.")
@click.option("--socket", type=click.Path(path_type=Path), help="The daemon's socket.")
def ask(
    question: tuple[str, ...],
    expert: str,
    system: str | None,
    temperature: float | None,
    max_tokens: int | None,
    json_schema: Path | None,
    regex: str | None,
    grammar: Path | None,
    sql: Path | None,
    seed: int | None,
    timings: bool,
    socket: Path | None,
) -> None:
    """Ask QUESTION; what is piped in comes before it as context. Starts the daemon if none runs.

    \b
        cat schema.sql | expertd ask -e sql "customers older than 30"
        expertd ask "what does SIGTERM do?"
        cat mail.txt | expertd ask --json-schema invoice.json "the invoice in this mail"

    Exit codes: 0 answered; 2 a wrong question or option; 4 no such expert; 5 the daemon is busy;
    6 the engine failed; 7 cut before its form was whole; 69 no daemon could be reached; 130 interrupted.
    """
    body: dict[str, Any] = {
        "model": expert,
        "messages": _messages(question, system),
        "temperature": temperature,
        "max_tokens": max_tokens,
        "seed": seed,
        "json_schema": _read_json(json_schema) if json_schema else None,
        "regex": regex,
        "grammar": _read_text(grammar) if grammar else None,
        "response_format": {"type": "sql", "schema": _read_text(sql)} if sql else None,
        "context": {},
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    client = ensure_running(load_settings(socket=socket))
    try:
        reason = _print(client.stream("/v1/chat/completions", body), timings)
    except BrokenPipeError:
        silence_broken_pipe()
        return
    if reason == "length" and (json_schema or regex or grammar or sql):
        click.echo("expertd: the answer was cut before its form was whole: give it more tokens with -n", err=True)
        sys.exit(CUT)


def _messages(question: tuple[str, ...], system: str | None) -> list[dict[str, str]]:
    context = _read_stdin()
    check_utf8(" ".join((*question, system or "")), "question")
    text = joined(context, question)
    if not text:
        raise click.UsageError("nothing to ask: give a question, or pipe text in")
    messages = [{"role": "user", "content": text}]
    return [{"role": "system", "content": system}, *messages] if system else messages


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{path} is not UTF-8 text (byte {error.start})") from error


def _read_json(path: Path) -> Any:
    try:
        return json.loads(_read_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise click.UsageError(f"{path} is no JSON: {error}") from error


def _read_stdin() -> str:
    try:
        return piped().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequest(
            f"what is piped in is not UTF-8 text (byte {error.start}): convert it first, e.g. with iconv"
        ) from error


def _print(events: Any, timings: bool) -> str:
    """Text as it comes; the last event carries the times. Why the answer ended."""
    ended, reason = "\n", ""
    last: dict[str, Any] = {}
    for event in events:
        last = event
        for choice in event["choices"]:
            reason = choice["finish_reason"] or reason
            if text := choice["delta"].get("content"):
                sys.stdout.write(text)
                sys.stdout.flush()
                ended = text
    if not ended.endswith("\n"):
        sys.stdout.write("\n")
        sys.stdout.flush()
    if cut := last.get("context"):
        click.echo(
            f"expertd: of {cut['of_tokens']} tokens, the {cut['tokens']} that matter most for the question were read",
            err=True,
        )
    if timings and "timings" in last:
        t = last["timings"]
        click.echo(
            f"[{last['model']}] {t['completion_tokens']} tokens in {t['total_ms']:.0f} ms: queue {t['queue_ms']:.0f}, "
            f"prefill {t['prefill_ms']:.0f} ({t['prompt_tokens']} tokens, {t['cached_tokens']} cached), "
            f"decode {t['decode_ms']:.0f} ({t['tokens_per_second']:.0f} tok/s)",
            err=True,
        )
    return reason
