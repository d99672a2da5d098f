from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from crawler.fetch.cookie_jar import MAX_PER_DOMAIN, CookieJar
from crawler.fetch.shared_jar import SharedJar

URL = "http://example.org/"


def test_what_threads_learn_at_once_is_all_known_and_reported_once() -> None:
    jar = CookieJar()
    shared = SharedJar(jar)

    def learn(number: int) -> int:
        changes = shared.learn(f"http://h{number % 40}.test/", [b"a%d=1" % number], 0.0)
        shared.header_for(URL, 0.0)
        return len(changes)

    with ThreadPoolExecutor(16) as pool:
        changed = sum(pool.map(learn, range(1600)))

    assert changed == 1600
    assert len(shared) == len(list(jar)) == 1600


def test_the_limit_of_a_domain_holds_whoever_learns() -> None:
    shared = SharedJar(CookieJar())
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: shared.learn(URL, [b"a%d=1" % n], float(n)), range(500)))

    assert len(shared) == MAX_PER_DOMAIN
    assert shared.header_for(URL, 500.0).count(";") == MAX_PER_DOMAIN - 1
