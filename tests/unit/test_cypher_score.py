"""The cypher expert's judge: what counts as the query, and as the right rows."""

import itertools

import pytest

from experts.cypher import score

QUERY = "MATCH (p:Pet {species: 'cat'}) RETURN p.name"
ITEMS = score.items()
CATS = next(item for item in ITEMS if item.wanted.query == QUERY)


def test_there_are_enough_of_them() -> None:
    assert len(ITEMS) >= 80
    assert len({item.wanted.graph["schema"] for item in ITEMS}) >= 12
    assert len({item.about for item in ITEMS}) == len(ITEMS)
    assert all(item.body["response_format"]["type"] == "cypher" for item in ITEMS)
    assert all(len(item.base_bodies) == 5 for item in ITEMS)


def test_the_right_queries_are_right_and_give_rows() -> None:
    wrong = [item.about for item in ITEMS if score.grade(item, item.wanted.query) != 1]
    empty = [item.about for item in ITEMS if not score._right(item.about, item.wanted)[0]]
    assert not wrong
    assert not empty


def test_the_queries_of_other_questions_are_wrong() -> None:
    """One of the same graph, so that it runs."""
    passed = []
    for item, other in itertools.pairwise(ITEMS):
        if item.wanted.graph is other.wanted.graph and score.grade(item, other.wanted.query):
            passed.append((item.about, other.wanted.query))
    assert not passed


@pytest.mark.parametrize(
    "answer",
    [
        QUERY,
        f"{QUERY};",
        f"```cypher\n{QUERY}\n```\nThis lists the cats.",
        f"```\n{QUERY}",
        f"You can match them so:\n\n{QUERY}\n\nThis returns all cats.",
        "MATCH (x:Pet) WHERE x.species = 'cat' RETURN x.name ORDER BY x.name",
        "MATCH (p:Pet)\nWHERE p.species = 'cat'\nRETURN p.name AS name",
    ],
)
def test_right(answer: str) -> None:
    assert score.grade(CATS, answer) == 1


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "I don't know.",
        "MATCH (p:Pet) RETURN p.name",
        "MATCH (p:Pet {species: 'cat'}) RETURN p",
        "MATCH (p:Pet {species: 'cat'}) RETURN p.name, p.species",
        "MATCH (p:Pet {species: 'Cat'}) RETURN p.name",
        "MATCH (p:Pet {species: 'cat'}) RETURN p.name LIMIT 1",
        "MATCH (p:Pet {species: 'cat'}) RETURN p.nickname",
        "MATCH (p:Pet {species: 'cat'} RETURN p.name",
        "MATCH (p:Pet {species: 'cat'}) DETACH DELETE p RETURN p.name",
        "COPY (MATCH (p:Pet) RETURN p.name) TO '/tmp/x.csv'",
        "MATCH (p:Pet) LOAD FROM '/etc/passwd' RETURN *",
    ],
)
def test_wrong(answer: str) -> None:
    assert score.grade(CATS, answer) == 0


def test_order_counts_only_where_it_is_asked_for() -> None:
    rows = [["a", 1.0], ["b", 2.0]]
    assert score.same(rows[::-1], rows, ordered=False)
    assert not score.same(rows[::-1], rows, ordered=True)
    assert score.same([[1.0, "a"], [2.0, "b"]], rows, ordered=True)
    assert not score.same([["a", 1.0], ["a", 1.0]], rows, ordered=False)
    assert not score.same([["a"], ["b"]], rows, ordered=False)


def test_a_query_without_end_is_wrong_and_the_next_one_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    pets = [f"p{i}" for i in range(14)]
    pattern, years = ", ".join(f"({p}:Pet)" for p in pets), " + ".join(f"{p}.born" for p in pets)
    query = f"MATCH {pattern} WHERE {years} = 3 RETURN p0.name"
    with monkeypatch.context() as patch:
        patch.setattr(score, "TIMEOUT", 1.0)
        assert score.grade(CATS, query) == 0
    assert score.grade(CATS, QUERY) == 1


def test_names_are_no_keywords() -> None:
    assert "SET" not in score.without_names("MATCH (a:SET {name: 'DELETE'}) RETURN a.set".upper())
