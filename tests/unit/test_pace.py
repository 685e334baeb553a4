"""Rows a step, learnt from the steps' times."""

from expertd.engine.pace import LEAST, TILE, Pace


def told(pace, seconds_a_row, *, rows=100, depths=(0, 500, 1000, 2000), times=30):
    """As if steps at these depths had taken so long, several times over."""
    for _ in range(times):
        for depth in depths:
            pace.note(rows, depth, rows * seconds_a_row(depth))
    return pace


def test_as_many_rows_as_fit_the_budget_at_the_speed_that_was_seen():
    pace = Pace(0.1)
    pace.note(100, 0, 0.1)
    assert pace.rows(0, 4) == 100
    assert 195 <= told(pace, lambda depth: 0.5e-3).rows(0, 4) <= 200  # twice as fast now


def test_deep_in_a_prompt_a_row_takes_longer_and_fewer_fit():
    pace = told(Pace(0.2), lambda depth: 1e-3 + 1e-6 * depth)
    assert 195 <= pace.rows(0, 4) <= 205
    assert 97 <= pace.rows(1000, 4) <= 103
    assert 77 <= pace.rows(1500, 4) <= 83  # where no step was yet


def test_a_step_that_grew_slower_makes_the_next_one_smaller_at_once():
    pace = told(Pace(0.1), lambda depth: 0.5e-3)
    pace.note(200, 0, 0.2)
    assert pace.rows(0, 4) <= 140


def test_a_tile_is_filled_where_it_takes_less_than_twice_the_budget():
    pace = told(Pace(0.1), lambda depth: 2e-3)
    assert pace.rows(0, 4) == TILE


def on(pace, seconds_a_row, steps, depth=1000):
    """The rows of these steps beside 4 streams, where `seconds_a_row` goes by the rows."""
    seen = []
    for _ in range(steps):
        seen.append(pace.rows(depth, 4))
        pace.note(seen[-1], depth, seen[-1] * seconds_a_row(seen[-1]))
    return seen


def test_a_slow_machine_gets_on_by_less_than_a_tile_and_seldom_tries_one():
    pace = told(Pace(0.1), lambda depth: 20e-3)
    rows = on(pace, lambda rows: 20e-3, 100)
    assert rows.count(4 + LEAST) >= 90
    assert max(rows) == TILE


def test_after_a_while_on_a_busy_machine_tiles_are_filled_again():
    """Less than a tile shows no difference: its attention takes the time."""
    pace = told(told(Pace(0.1), lambda depth: 25e-3), lambda depth: 19e-3, rows=20, times=1)
    rows = on(pace, lambda rows: 3e-3 if rows >= TILE else 19e-3, 40)
    assert rows[-1] == TILE


def test_one_step_that_was_held_up_changes_little():
    pace = told(Pace(0.2), lambda depth: 2e-3)
    pace.note(TILE, 1000, 5.0)
    assert pace.rows(1000, 4) >= TILE


def test_less_than_a_tile_is_no_way_out_where_it_takes_longer_than_a_tile():
    pace = told(told(Pace(0.1), lambda depth: 4e-3), lambda depth: 25e-3, rows=20, times=1)
    assert pace.rows(1000, 4) == TILE


def test_an_estimate_that_was_too_slow_is_found_out_by_small_steps():
    pace = told(Pace(0.1), lambda depth: 20e-3)
    assert pace.rows(0, 4) < TILE
    told(pace, lambda depth: 1e-3, rows=20)
    assert pace.rows(0, 4) >= TILE


def test_small_steps_tell_nothing_of_prompts():
    pace = Pace(0.1)
    before = pace.rows(0, 4)
    pace.note(8, 0, 1.0)
    assert pace.rows(0, 4) == before


def test_many_streams_leave_room_for_a_prompt():
    assert told(Pace(0.01), lambda depth: 0.1).rows(0, 100) == 100 + LEAST


def test_without_tiles_a_slow_machine_keeps_to_the_budget():
    pace = Pace(0.1, tile=1)
    for _ in range(20):
        pace.note(20, 0, 20 * 0.004)
    assert pace.rows(0, decoding=1) == 25
