"""Prompt tokens a step, learnt from the steps' times."""

from expertd.engine.pace import LEAST, Pace


def test_the_chunk_is_what_fits_the_budget_at_the_speed_that_was_seen():
    pace = Pace(0.1)
    pace.note(100, 0.1)
    assert pace.chunk == 100
    for _ in range(50):
        pace.note(200, 0.1)  # twice as fast now
    assert 195 <= pace.chunk <= 200


def test_small_steps_tell_nothing_of_prompts():
    pace = Pace(0.1)
    before = pace.chunk
    pace.note(8, 1.0)
    assert pace.chunk == before


def test_a_slow_machine_still_gets_on():
    pace = Pace(0.01)
    pace.note(100, 10.0)
    assert pace.chunk == LEAST
