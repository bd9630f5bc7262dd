"""The simulation of when briefs start: by hand, in seconds."""

from worker.forecast.simulation import Caps, Load, Rate, estimate

LONG = 1e6
ONE = Caps(jobs=1, create=(), promote=(), drafts=10, preprocessing=20)


def test_with_one_job_everything_comes_one_after_the_other_and_promotions_first() -> None:
    expected = estimate(ONE, [1, 2])
    assert expected.starts == (0, 30)
    assert expected.promotion_starts == (10, 40, 60)
    assert expected.end == 80


def test_five_requests_go_out_and_the_sixth_a_window_after_the_first() -> None:
    caps = Caps(jobs=0, create=[Rate(5, 60)], drafts=1, preprocessing=1)
    assert estimate(caps, [1] * 11).starts == (0,) * 5 + (60,) * 5 + (120,)


def test_requests_before_now_still_count_in_the_window() -> None:
    caps = Caps(jobs=0, create=[Rate(2, 60, frees=[5, 40])])
    assert estimate(caps, [1, 1]).starts == (5, 40)
    lowered = Caps(jobs=0, create=[Rate(1, 60, frees=[5, 40])])
    assert estimate(lowered, [1]).starts == (40,)


def test_each_window_of_an_endpoint_has_room_when_a_request_goes_out() -> None:
    caps = Caps(jobs=0, create=[Rate(2, 60), Rate(3, 1_000, frees=[500])], drafts=1, preprocessing=1)
    assert estimate(caps, [0] * 4).starts == (0, 0, 500, 1_000)


def test_a_job_in_flight_ends_and_promotions_precede_the_next_brief() -> None:
    expected = estimate(ONE, [0], Load(jobs=[(3, 2)], promotions=1))
    assert expected.promotion_starts == (3, 23, 43)
    assert expected.starts == (63,)


def test_jobs_that_are_left_to_others_come_back_one_by_one() -> None:
    caps = Caps(jobs=3, create=(), drafts=10)
    assert estimate(caps, [0] * 4, Load(more_jobs=[5, 20])).starts == (0, 5, 10, 15)
    assert estimate(caps, [0], Load(more_jobs=[5, 20, 35])).starts == (5,)


def test_promotions_wait_for_their_own_window() -> None:
    caps = Caps(jobs=0, create=(), promote=[Rate(1, 60)], drafts=1, preprocessing=1)
    expected = estimate(caps, [2])
    assert expected.promotion_starts == (1, 61)
    assert expected.end == 62


def test_a_job_that_is_overdue_ends_now() -> None:
    expected = estimate(ONE, [0], Load(jobs=[(-5, 1)]))
    assert (expected.promotion_starts, expected.starts) == ((0,), (20,))


def test_a_pause_is_waited_for() -> None:
    expected = estimate(ONE, [0], Load(create_from=100, promotions=1))
    assert (expected.promotion_starts, expected.starts) == ((0,), (100,))


def test_creations_leave_the_express_share_alone() -> None:
    caps = Caps(jobs=2, express=1, create=(), drafts=10)
    assert estimate(caps, [0, 0]).starts == (0, 10)
    assert estimate(Caps(jobs=1, express=1), [0]).starts == ()


def test_preprocessing_that_does_not_count_takes_no_job() -> None:
    caps = Caps(jobs=1, create=(), drafts=10, preprocessing=LONG, preprocessing_counts=False)
    expected = estimate(caps, [1, 1])
    assert expected.starts == (0, 10)
    assert expected.end == 20 + LONG
