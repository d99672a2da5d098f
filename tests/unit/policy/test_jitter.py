from __future__ import annotations

from crawler.policy.jitter import fixed_jitter


def test_a_job_is_as_late_every_night() -> None:
    assert fixed_jitter("books", "m1", 600.0) == fixed_jitter("books", "m1", 600.0)


def test_jobs_and_machines_are_spread_over_all_of_it() -> None:
    by_job = [fixed_jitter(f"job{n}", "m", 600.0) for n in range(1_000)]
    by_machine = [fixed_jitter("job", f"m{n}", 600.0) for n in range(1_000)]

    for late in (by_job, by_machine):
        assert 0.0 <= min(late) < 30.0
        assert 570.0 < max(late) < 600.0
        tenths = [sum(1 for one in late if one // 60 == tenth) for tenth in range(10)]
        assert min(tenths) > 50


def test_without_jitter_nothing_is_late() -> None:
    assert fixed_jitter("books", "m", 0.0) == 0.0
