"""From requests to experts: each stage alone, and all of them over a folder of experts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from expertd.errors import InvalidRequest, UnknownModel
from expertd.experts.store import Entry, Store
from expertd.router import rules, shipped
from expertd.router.asked import END, Asked, ends, in_conversation
from expertd.router.classifier import fit
from expertd.router.examples import BASE, read_lines
from expertd.router.neighbours import FEATURES, closeness, fit_few_shot, similarities
from expertd.router.policy import Policy, choose
from expertd.router.reading import Reading
from expertd.router.router import Router, Wishes
from expertd.router.taught import Taught
from tests.fixtures import TINY, make_peft_folder

SQL = "Write an SQL query for the five most expensive wines. Table: wines(id, name, price)"
WINES = "Which wines are dearer than ten euros? wines(id, name, price)"
HAIKU = [
    "Write a haiku about autumn leaves.",
    "a haiku on rain please",
    "Compose a haiku that mentions a frog",
    "haiku: first snow",
    "I need three lines, 5-7-5 syllables, about the sea",
    "haiku for my grandmother's birthday",
]
NO_HAIKU = ["What is a haiku?", "Who was Basho?", "Write a sonnet about love."]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Experts with the shipped `sql`'s name and an example of it, and one that nobody knows."""
    experts = tmp_path / "experts"
    make_peft_folder(experts / "sql", manifest={"routing": {"keywords": ("sql",), "examples": (SQL,)}})
    routing = {"examples": tuple(HAIKU), "negative_examples": tuple(NO_HAIKU)}
    make_peft_folder(experts / "haiku", manifest={"routing": routing})
    return experts


@pytest.fixture
def made(tmp_path: Path, folder: Path) -> Callable[..., Router]:
    """Routers over the folder, whose index is up to date."""

    def make(policy: Policy = Policy()) -> Router:  # noqa: B008
        store = Store(folder, TINY)
        store.scan()
        router = Router(store, Taught(tmp_path / "taught.jsonl"), tmp_path / "cache", policy)
        router.refresh().result()
        return router

    return make


def names(router: Router, text: str, **wishes: object) -> list[str]:
    return [name for name, _, _ in router.route(Asked(text), Wishes(**wishes)).experts]  # type: ignore[arg-type]


def test_known_and_new_experts_are_told_apart(made: Callable[..., Router]) -> None:
    router = made()
    assert names(router, "SQL for the number of orders of each customer. orders(id, customer_id)") == ["sql"]
    assert names(router, "a haiku about my old cat") == ["haiku"]
    assert names(router, "What is the capital of Peru?") == []
    # The classifier knows it, and nobody here serves it.
    assert names(router, "regex for a date like 2024-05-01") == []


def test_what_the_base_read_decides_where_the_classifier_is_unsure(made: Callable[..., Router]) -> None:
    router, unsure = made(), Asked("the three of them that sold most, please")
    alone = router.route(unsure)
    assert alone.is_unsure and alone.experts == []
    for said, expert in (("sql", ["sql"]), (BASE, []), ("regex", [])):  # nobody serves regex here
        read = router.route(unsure, reading=Reading({said: 1.0}, 0.5, 1.0))
        assert [name for name, _, _ in read.experts] == expert
        assert read.reason.startswith("reading: ") and "classifier" not in read.stages
        assert not read.is_unsure
    assert router.route(unsure, Wishes(exclude=["sql"]), Reading({"sql": 1.0}, 0.5, 1.0)).experts == []


def test_the_base_is_asked_of_no_experts_that_cannot_be_chosen(made: Callable[..., Router], folder: Path) -> None:
    unsure = Asked("the three of them that sold most, please")
    assert not made().route(unsure, Wishes(exclude=["sql"])).is_unsure
    assert not made().route(unsure, Wishes(include=["sql"], most=2)).is_unsure
    make_peft_folder(folder / "sql", manifest={"routing": {"examples": ("fill the hole in my bucket",)}})
    assert not made().route(unsure).is_unsure


def test_what_is_read_for_a_shipped_expert_is_not_for_a_stranger_with_its_name(
    made: Callable[..., Router], folder: Path
) -> None:
    make_peft_folder(folder / "sql", manifest={"routing": {"examples": ("fill the hole in my bucket",)}})
    make_peft_folder(folder / "shell", manifest={"routing": {}})
    asked = Asked("SQL for the number of orders of each customer. orders(id, customer_id)")
    read = made().route(asked, reading=Reading({"sql": 0.98, "shell": 0.01, BASE: 0.001}, 0.2, 0.7))
    assert read.experts == []


@pytest.mark.parametrize(
    "asked",
    [
        Asked("SQL for the number of orders of each customer. orders(id, customer_id)"),
        Asked("a haiku about my old cat"),  # the base knows nothing of what is new
        Asked("the three of them that sold most, please", has_tools=True),
        Asked(""),
    ],
)
def test_nobody_else_is_asked_about_what_is_sure(made: Callable[..., Router], asked: Asked) -> None:
    assert not made().route(asked).is_unsure


def test_two_opinions_are_joined_by_their_weights() -> None:
    known, said = {BASE: 0.6, "sql": 0.4}, {BASE: 0.1, "sql": 0.9}
    assert Reading(said, 1.0, 0.0).joined(known) == pytest.approx(known)
    assert Reading(said, 0.0, 1.0).joined(known) == pytest.approx(said)
    assert Reading(said, 1.0, 1.0).joined(known)["sql"] == pytest.approx(0.36 / 0.42)
    assert Reading({BASE: 1.0}, 1.0, 1.0).joined({BASE: 0.0, "sql": 1.0})["sql"] == pytest.approx(0.5)


def test_an_example_of_a_manifest_goes_to_its_expert(made: Callable[..., Router]) -> None:
    router = made()
    for text in HAIKU:
        assert names(router, text) == ["haiku"], text
    for text in NO_HAIKU:
        assert names(router, text) == [], text


def test_a_decision_tells_its_stages(made: Callable[..., Router]) -> None:
    decision = made().route(Asked(SQL))
    (name, scale, score) = decision.experts[0]
    assert (name, scale) == ("sql", 1.0)
    assert decision.stages["classifier"]["sql"] == pytest.approx(score, abs=1e-4)
    assert decision.reason.startswith("classifier: sql")
    assert 0 < decision.ms < 1000


def test_a_removed_expert_is_never_chosen_and_a_new_one_is(made: Callable[..., Router], folder: Path) -> None:
    router = made()
    store = router._store
    (folder / "haiku").rename(folder / "poems")
    text = (folder / "poems" / "expert.toml").read_text()
    (folder / "poems" / "expert.toml").write_text(text.replace('name = "haiku"', 'name = "poems"'))
    store.scan()
    assert names(router, HAIKU[0]) != ["haiku"]  # before any index follows
    router.refresh().result()
    assert names(router, HAIKU[0]) == ["poems"]


def test_an_expert_with_a_shipped_name_and_other_examples_is_another(
    tmp_path: Path, made: Callable[..., Router], folder: Path
) -> None:
    make_peft_folder(folder / "regex", manifest={"routing": {"examples": ("train departures from Bonn to Kiel",)}})
    router = made()
    assert names(router, "regex for a date like 2024-05-01") == []
    assert names(router, "train departures from Bonn to Kiel") == ["regex"]


def test_an_expert_without_examples_is_chosen_by_its_words(made: Callable[..., Router], folder: Path) -> None:
    routing = {"keywords": ("quadrilateral",), "file_types": (".geo",)}
    make_peft_folder(folder / "geometry", manifest={"routing": routing})
    make_peft_folder(folder / "bare")  # nothing is known of it
    router = made()
    decision = router.route(Asked("what is the area of this quadrilateral?"))
    assert [name for name, _, _ in decision.experts] == ["geometry"]
    assert decision.reason.startswith("keywords: geometry")
    assert names(router, "summarize corners.geo") == ["geometry"]
    assert names(router, "quadrilaterally speaking") == []


ODD = ["", " \n\t ", "\0\1\2\3", "a" * 1_000_000, "�" * 5000, "ab \ud800 c", "🙂" * 3000, "\\" * 4000, "9" * 9999]
SLOW = ["a" + "\n" * 3000, "\n " * 1500 + "x", "(" * 3000, "\t" * 2000 + "def ", "a." * 1500, "1 " * 1500, '"' * 3000]


@pytest.mark.parametrize("text", [*ODD, *SLOW])
def test_no_text_is_too_odd(made: Callable[..., Router], text: str) -> None:
    decision = made().route(in_conversation([("user", text), ("assistant", text), ("user", text)]))
    assert decision.experts == []
    assert decision.ms < 2000  # one of them took minutes, as the square of its length


@pytest.mark.parametrize("name", [*sorted(shipped.read().digests), "python-fim"])
def test_a_shipped_name_with_other_examples_breaks_nothing(
    made: Callable[..., Router], folder: Path, name: str
) -> None:
    make_peft_folder(folder / name, manifest={"routing": {"examples": ("fill the hole in my bucket",)}})
    router = made()
    assert names(router, "What is the capital of Peru?") == []
    assert names(router, "fill the hole in my bucket") == [name]


def test_include_exclude_and_max_win(made: Callable[..., Router]) -> None:
    router = made()
    assert names(router, SQL, exclude={"sql"}) == []
    assert names(router, SQL, most=0) == []
    assert names(router, SQL, include=["haiku"]) == ["haiku"]
    assert names(router, SQL, include=["haiku"], most=2) == ["haiku", "sql"]
    with pytest.raises(InvalidRequest, match="included and excluded"):
        names(router, SQL, include=["sql"], exclude={"sql"})
    with pytest.raises(InvalidRequest, match="2 experts are included, and `max` is 1"):
        names(router, SQL, include=["sql", "haiku"], most=1)
    with pytest.raises(UnknownModel, match="Did you mean haiku"):
        names(router, SQL, include=["hiaku"])
    with pytest.raises(InvalidRequest, match="`max: 0`"):
        names(router, SQL, include=["base"])


def test_what_is_included_counts_for_what_goes_together(made: Callable[..., Router], folder: Path) -> None:
    routing = {"examples": (SQL,)}
    make_peft_folder(folder / "sql", manifest={"routing": routing, "conflicts": ("haiku",)})
    assert names(made(), SQL, include=["haiku"], most=2) == ["haiku"]
    make_peft_folder(folder / "sql", manifest={"routing": routing, "requires": ("haiku",)})
    assert names(made(), SQL, include=["haiku"], most=2) == ["haiku", "sql"]
    assert names(made(), SQL) == ["sql", "haiku"]
    assert names(made(), SQL, most=1) == []


def test_what_was_taught_decides_for_texts_like_it(made: Callable[..., Router]) -> None:
    router = made()
    text = "what did Mrs Ndiaye buy in May"
    assert names(router, text) == []
    router.taught.add(Asked(text), "sql", is_for=True)
    router.refresh().result()
    assert names(router, text) == ["sql"]
    assert names(router, "what did Mrs Ndiaye buy in June") == ["sql"]
    router.taught.add(Asked(text), "sql", is_for=False)
    router.refresh().result()
    assert names(router, text) == []
    assert len(router.taught.examples()) == 1


def test_what_was_taught_last_wins_over_examples_and_words(made: Callable[..., Router], folder: Path) -> None:
    make_peft_folder(folder / "geometry", manifest={"routing": {"keywords": ("quadrilateral",)}})
    router = made()
    for text, name in ((HAIKU[1], "haiku"), ("is a quadrilateral flat?", "geometry")):
        assert names(router, text) == [name]
        router.taught.add(Asked(text), name, is_for=False)
        router.refresh().result()
        assert names(router, text) == []
        router.taught.add(Asked(text), name, is_for=True)
        router.refresh().result()
        assert names(router, text) == [name]
        router.taught.add(Asked(text), BASE, is_for=True)
        router.refresh().result()
        assert names(router, text) == []


def test_many_new_experts_take_little_from_the_others(made: Callable[..., Router], folder: Path) -> None:
    questions = ["delete all .bak files here", "What is the capital of Peru?", SQL, "a haiku about my old cat"]
    before = [names(made(), text) for text in questions]
    rng = np.random.default_rng(0)
    for i in range(40):
        words = ["".join(rng.choice(list("abcdefghijklmnop"), 6)) for _ in range(30)]
        texts = tuple(" ".join(rng.choice(words, 8)) for _ in range(22))
        make_peft_folder(
            folder / f"made{i}", manifest={"routing": {"examples": texts[:12], "negative_examples": texts[12:]}}
        )
    router = made()
    assert [names(router, text) for text in questions] == before
    assert names(router, texts[0]) == ["made39"]


def test_teaching_the_base_takes_a_text_from_an_expert(made: Callable[..., Router]) -> None:
    router = made()
    router.taught.add(Asked(SQL), BASE, is_for=True)
    router.refresh().result()
    assert names(router, SQL) == []


def test_teaching_refuses_what_teaches_nothing(tmp_path: Path) -> None:
    taught = Taught(tmp_path / "taught.jsonl")
    with pytest.raises(InvalidRequest, match="no text"):
        taught.add(Asked(" "), "sql", is_for=True)
    with pytest.raises(InvalidRequest, match="which expert it is for"):
        taught.add(Asked("x"), BASE, is_for=False)
    assert not taught.path.exists()


def test_odd_lines_are_kept_whole(tmp_path: Path) -> None:
    taught = Taught(tmp_path / "taught.jsonl")
    for text in ("a\u2028b", "c\x85d", ends("e \ud800 f")):
        taught.add(Asked(text), "sql", is_for=True)
    assert [each.asked.text for each in taught.examples()] == ["a\u2028b", "c\x85d", "e ? f"]


@pytest.mark.parametrize("rows", ["no json", "[]", '{"prompt": 1}', "\0\xff", "[" * 100_000])
def test_a_broken_line_of_what_was_taught_is_left_out(tmp_path: Path, rows: str) -> None:
    taught = Taught(tmp_path / "taught.jsonl")
    taught.add(Asked("one"), "sql", is_for=True)
    good = taught.path.read_text()
    taught.path.write_text(rows + "\n" + good, encoding="utf-8")
    assert [each.asked.text for each in taught.examples()] == ["one"]
    taught.add(Asked("two"), "sql", is_for=True)
    assert [each.asked.text for each in taught.examples()] == ["one", "two"]
    assert taught.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("data", [b"", b"\0" * 100, b"PK\3\4" + b"x" * 50])
def test_a_broken_index_is_made_again(tmp_path: Path, made: Callable[..., Router], data: bytes) -> None:
    first = made().route(Asked("a haiku about my old cat"))
    (file,) = (tmp_path / "cache").glob("*.npz")
    file.write_bytes(data)
    assert made().route(Asked("a haiku about my old cat")).experts == first.experts
    with np.load(file) as again:
        assert len(again["vectors"]) == len(HAIKU) + len(NO_HAIKU)


def test_an_index_of_another_version_is_made_again(tmp_path: Path, made: Callable[..., Router]) -> None:
    first = made().route(Asked(HAIKU[1]))
    (file,) = (tmp_path / "cache").glob("*.npz")
    with np.load(file) as kept:
        told = json.loads(str(kept["told"]))
        vectors = kept["vectors"]
    np.savez(file, vectors=np.ones_like(vectors), told=json.dumps({**told, "of": "another"}))
    assert made().route(Asked(HAIKU[1])).experts == first.experts
    np.savez(file, vectors=vectors[:-1], told=json.dumps(told))
    assert made().route(Asked(HAIKU[1])).experts == first.experts


def test_a_conversation_keeps_its_expert_where_the_turn_says_little(made: Callable[..., Router]) -> None:
    router = made()
    turns = [
        ("user", f"SQL please: {WINES}"),
        ("assistant", "SELECT name FROM wines WHERE price > 10;"),
        ("user", "and the cheapest three? also as SQL"),
    ]
    assert [name for name, _, _ in router.route(in_conversation(turns)).experts] == ["sql"]


def test_the_last_user_turn_is_what_is_asked() -> None:
    turns = [("system", "S"), ("user", "one"), ("assistant", "two"), ("user", "three"), ("assistant", "th")]
    asked = in_conversation(turns, form="sql", has_tools=True)
    assert asked == Asked("three", "S\none\ntwo", "one", "sql", has_tools=True)
    assert in_conversation([("system", "S")]).is_empty
    long = in_conversation([("user", "x" * 9000), ("assistant", "y" * 9000), ("user", "a" * END + "b" * 9 + "c" * END)])
    assert len(long.before) == END
    assert long.text == "a" * END + "\n" + "c" * END


def entry(name: str, **manifest: object) -> Entry:
    from expertd.experts.manifest import Manifest

    return Entry(name, Path(name), Manifest(name=name, **manifest))  # type: ignore[arg-type]


MARKS = {"prefix": "<a>", "suffix": "<b>", "middle": "<c>"}


@pytest.mark.parametrize(
    ("asked", "expert"),
    [
        (Asked("def f(", has_gap=True, is_raw=True), "fim"),
        (Asked("Once upon a time", is_raw=True), None),
        (Asked("weather in Rome", has_tools=True), None),
        (Asked("how many?", form="sql"), "sql"),
        (Asked(" \n"), None),
    ],
)
def test_rules(asked: Asked, expert: str | None) -> None:
    entries = [entry("fim", fim=MARKS), entry("sql", routing={"keywords": ("sql",)}), entry("other")]
    ruling = rules.rule(asked, entries)
    assert ruling is not None and ruling.expert == expert


def test_no_rule_where_something_is_to_be_weighed() -> None:
    two = [entry("a", routing={"keywords": ("sql",)}), entry("b", routing={"keywords": ("sql",)})]
    assert rules.rule(Asked("how many?", form="sql"), two) is None
    assert rules.rule(Asked("how many?", form="json_schema"), two) is None
    assert rules.rule(Asked("how many?"), two) is None


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("my SQL is bad", 1 / 2),
        ("mysqld", 0),
        ("sql in a fence:\n```sql\nx", 2 / 3),
        ("load schema.SQL now", 2 / 3),
        ("load schema.sqlite now", 0),
        ("MATCH (n)", 0),
    ],
)
def test_keywords_are_words(text: str, score: float) -> None:
    routing = {"keywords": ("sql",), "file_types": (".sql",)}
    found = rules.keyword_scores(text, [entry("e", routing=routing)])
    assert found.get("e", 0) == pytest.approx(score)


ABOVE = {"one": entry("one"), "two": entry("two"), "three": entry("three", requires=("one",))}


@pytest.mark.parametrize(
    ("probabilities", "policy", "chosen"),
    [
        ({BASE: 0.1, "one": 0.9}, Policy(), [("one", 1.0)]),
        ({BASE: 0.6, "one": 0.4}, Policy(), []),
        ({BASE: 0.1, "one": 0.45, "two": 0.45}, Policy(), []),
        ({BASE: 0.0, "one": 0.52, "two": 0.48}, Policy(), []),  # too near to each other
        ({BASE: 0.0, "one": 0.6, "two": 0.4}, Policy(most=10), [("one", 1.0), ("two", 0.67)]),
        ({BASE: 0.0, "one": 0.6, "two": 0.4}, Policy(), [("one", 1.0)]),
        ({BASE: 0.0, "gone": 0.9, "one": 0.1}, Policy(), []),  # what is for others is the base's
        ({BASE: 0.006, "three": 0.99, "one": 0.004}, Policy(), [("three", 1.0), ("one", 1.0)]),
        ({BASE: 0.0, "three": 1.0}, Policy(at_all=1), []),
        ({BASE: 0.0, "one": 1.0}, Policy(most=0), []),
    ],
)
def test_policy(probabilities: dict[str, float], policy: Policy, chosen: list[tuple[str, float]]) -> None:
    found = choose(probabilities, ABOVE, policy)
    assert [(name, scale) for name, scale, _ in found.experts] == chosen


def test_policy_keeps_what_conflicts_apart() -> None:
    entries = {"one": entry("one", conflicts=("two",)), "two": entry("two"), "lone": entry("lone", requires=("gone",))}
    both = choose({BASE: 0.0, "one": 0.6, "two": 0.4}, entries, Policy(most=5))
    assert [name for name, _, _ in both.experts] == ["one"]
    lone = choose({BASE: 0.0, "lone": 1.0}, entries, Policy())
    assert not lone.experts and "which cannot be had" in lone.reason


def test_policy_sticks_to_the_turn_before_where_it_is_unsure() -> None:
    unsure = {BASE: 0.5, "one": 0.4, "two": 0.1}
    assert not choose(unsure, ABOVE, Policy()).experts
    kept = choose(unsure, ABOVE, Policy(), before="one")
    assert [name for name, _, _ in kept.experts] == ["one"] and "as the turn before" in kept.reason
    assert not choose({BASE: 0.85, "one": 0.15}, ABOVE, Policy(), before="one").experts


def test_a_soft_prompt_takes_no_scale() -> None:
    soft = {**ABOVE, "two": Entry("two", Path("two"), entry("two").manifest, is_soft_prompt=True)}
    found = choose({BASE: 0.0, "one": 0.6, "two": 0.4}, soft, Policy(most=2))
    assert [(name, scale) for name, scale, _ in found.experts] == [("one", 1.0), ("two", 1.0)]


def test_what_is_left_out_is_what_a_fit_without_it_says() -> None:
    """The closed form for leaving one out, against fits that really do."""
    rng = np.random.default_rng(0)
    vectors, labels = rng.normal(size=(40, 12)).astype(np.float32), rng.integers(0, 3, 40)
    _, left_out = fit(vectors, labels, ["a", "b", "c"])
    for i in (0, 7, 39):
        others = np.arange(40) != i
        without, _ = fit(vectors[others], labels[others], ["a", "b", "c"])
        np.testing.assert_allclose(vectors[i] @ without.weights, left_out[i], atol=1e-3)


def test_few_shot_is_a_logistic_regression() -> None:
    """Where one number alone decides, and by known odds, it finds these."""
    rng = np.random.default_rng(0)
    features = np.zeros((4000, FEATURES), np.float32)
    features[:, 0] = rng.normal(size=4000)
    is_for = rng.random(4000) < 1 / (1 + np.exp(-(1.5 * features[:, 0] - 0.5)))
    model = fit_few_shot(features, is_for, weight=1.0)
    at = np.zeros((2, FEATURES), np.float32)
    at[1, 0] = 1.0
    np.testing.assert_allclose(np.log(model.odds(at)), [-0.5, 1.0], atol=0.2)


def test_similarities_to_nothing_are_unknown() -> None:
    rows = np.eye(4, dtype=np.float32)
    places = np.arange(2)[None]
    (told,) = similarities(rows[0], 2, rows[:2], places, places[:, :0], rows[2:], 0.5, 0.25)
    assert told.shape == (FEATURES,)
    assert told[0] == 1.0 and np.isnan(told[3]) and told[-2:].tolist() == [0.5, 0.25]
    assert closeness(np.ones(2, np.float32), np.ones((1, 2), np.float32)).tolist() == [1.0]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("{", r"lines.jsonl:2: .*JSON"),
        ('{"prompt": "x"}', "2: expert: Field required"),
        ('{"expert": "sql"}', "2: .*give one of `prompt`"),
        ('{"expert": "sql", "prompt": "x", "promt": "y"}', "2: promt: Extra"),
    ],
)
def test_a_broken_line_is_told(tmp_path: Path, row: str, fault: str) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text('{"prompt": "x", "expert": null}\n' + row + "\n")
    with pytest.raises(ValueError, match=fault):
        read_lines(path)
