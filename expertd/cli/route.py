"""`expertd route`: which experts a text would get, why, and how well that goes over a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from expertd.cli.client import Client, ensure_running
from expertd.cli.question import check_utf8, joined, piped
from expertd.config import load_settings
from expertd.errors import InvalidRequest
from expertd.router.evaluation import Evaluation, Outcome, table
from expertd.router.examples import BASE, Line, read_lines


@click.command()
@click.argument("text", nargs=-1)
@click.option("--teach", metavar="NAME", help="Have the router learn that TEXT is for this expert, or for base.")
@click.option("--not", "is_not", is_flag=True, help="With --teach: that it is not.")
@click.option(
    "--eval",
    "lines",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A JSONL of {prompt or messages, expert or null}: how often the router is right.",
)
@click.option("--png", type=click.Path(path_type=Path), metavar="FILE", help="With --eval: a picture of it too.")
@click.option("--json", "as_json", is_flag=True, help="As the daemon answers.")
@click.option("--socket", type=click.Path(path_type=Path), help="The daemon's socket.")
def route(
    text: tuple[str, ...],
    teach: str | None,
    is_not: bool,
    lines: Path | None,
    png: Path | None,
    as_json: bool,
    socket: Path | None,
) -> None:
    """Show which experts TEXT would get, and why. What is piped in comes before it, as with `ask`.

    \b
        expertd route "regex for a date like 2024-05-01"
        cat schema.sql | expertd route "customers older than 30"
        expertd route --teach sql "who bought most last year?"
        expertd route --teach shell --not "what is a shell?"
        expertd route --eval prompts.jsonl --png routing.png
    """
    if lines is None and (png or (is_not and not teach)):
        raise click.UsageError("--png goes with --eval, and --not with --teach")
    if lines is not None and (text or teach or is_not or as_json):
        raise click.UsageError("--eval takes its texts from the file: leave text, --teach, --not and --json out")
    client = ensure_running(load_settings(socket=socket))
    if lines is not None:
        _evaluate(client, lines, png)
        return
    asked = _text(text)
    if teach:
        told = client.post("/v1/route/teach", {"prompt": asked, "expert": teach, "good": not is_not})
        click.echo(json.dumps(told) if as_json else f"taught; {told['taught']} examples of yours are known")
        return
    decision = client.post("/v1/route", {"prompt": asked})
    click.echo(json.dumps(decision, indent=2) if as_json else _shown(decision))


def _text(words: tuple[str, ...]) -> str:
    check_utf8(" ".join(words), "text")
    text = joined(piped().decode("utf-8", "replace"), words)
    if not text:
        raise click.UsageError("nothing to route: give a text, or pipe one in")
    return text


def _shown(decision: dict[str, Any]) -> str:
    parts = [e["name"] if e["scale"] == 1 else f"{e['name']}:{e['scale']}" for e in decision["experts"]]
    rows = [f"{'+'.join(parts) or BASE}   ({decision['reason']}; {decision['ms']:.1f} ms)"]
    for stage, told in decision["stages"].items():
        if isinstance(told, dict):
            told = ", ".join(f"{name} {score:.2f}" for name, score in told.items())
        rows.append(f"  {stage}: {told}")
    return "\n".join(rows)


def _evaluate(client: Client, path: Path, png: Path | None) -> None:
    try:
        lines = read_lines(path)
    except OSError as error:
        raise click.UsageError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # UTF-8 as well
        raise InvalidRequest(str(error)) from error
    if not lines:
        raise InvalidRequest(f"{path} has no lines")
    if png:
        _drawing()  # before minutes go into what could not be drawn
    evaluation = Evaluation([outcome(client, line) for line in tqdm(lines, desc="routed", disable=None)])
    click.echo(table(evaluation))
    if png:
        _drawing()(evaluation, png)
        click.echo(f"\n{png} shows it")


def outcome(client: Client, line: Line) -> Outcome:
    """What the daemon decides for a line."""
    decision = client.post("/v1/route", _body(line))
    experts = decision["experts"]
    is_read = "reading" in decision["stages"]
    scores = decision["stages"].get("reading" if is_read else "classifier", {})
    chosen = experts[0]["name"] if experts else BASE
    confidence = experts[0]["score"] if experts else scores.get(BASE, 1.0)
    return Outcome(line.label, chosen, confidence, decision["ms"], line.kind, is_read)


def _body(line: Line) -> dict[str, Any]:
    if line.prefix is not None:
        return {"prompt": line.prefix, "suffix": line.suffix or "\n"}
    told = line.model_dump(include={"prompt", "messages", "response_format"}, exclude_none=True)
    if "response_format" in told and told["response_format"] in ({"type": "json_schema"}, {"type": "cypher"}):
        del told["response_format"]  # a form without what it needs, which the daemon would refuse
    return told


def _drawing() -> Any:
    try:
        from expertd.cli.route_picture import draw
    except ImportError as error:
        raise InvalidRequest("--png needs matplotlib: pip install 'expertd[train]'") from error
    return draw
