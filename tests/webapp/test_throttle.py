import pytest

from webapp import throttle
from webapp.throttle import ALL_FREE, FORGET_SECONDS, OWN_FREE, Backoff, Gate, Throttle


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_key_waits_once_it_failed_as_often_as_allowed_and_only_that_key() -> None:
    clock = Clock()
    tested = Throttle(3, 60.0, clock)
    for _ in range(3):
        assert tested.wait_seconds("a") == 0
        tested.count("a")
    assert tested.wait_seconds("a") == 60
    assert tested.wait_seconds("b") == 0


def test_failures_wear_off_one_by_one() -> None:
    clock = Clock()
    tested = Throttle(2, 60.0, clock)
    tested.count("a")
    clock.seconds = 30
    tested.count("a")
    clock.seconds = 59
    assert tested.wait_seconds("a") == 1
    clock.seconds = 60
    assert tested.wait_seconds("a") == 0
    tested.count("a")
    assert tested.wait_seconds("a") == 30


def test_it_forgets_the_oldest_keys_instead_of_growing_for_ever() -> None:
    tested = Throttle(1, 60.0, Clock())
    for number in range(throttle._MAX_KEYS + 5):
        tested.count(str(number))
    assert len(tested._failures) == throttle._MAX_KEYS
    assert tested.wait_seconds("0") == 0
    assert tested.wait_seconds(str(throttle._MAX_KEYS)) == 60


def test_each_failure_beyond_the_free_ones_makes_the_next_wait_longer_up_to_the_longest() -> None:
    clock = Clock()
    tested = Backoff(3, 20.0, clock)
    waited = []
    for _ in range(7):
        tested.count("a")
        waited.append(tested.wait_seconds("a"))
        clock.seconds += waited[-1]
        assert tested.wait_seconds("a") == 0
    assert waited == [0, 0, 4, 8, 16, 20, 20]
    assert tested.wait_seconds("b") == 0


def test_failures_are_forgotten_after_ten_minutes_of_peace() -> None:
    clock = Clock()
    tested = Backoff(2, 60.0, clock)
    for _ in range(9):
        tested.count("a")
    clock.seconds = FORGET_SECONDS
    tested.count("a")
    assert tested.wait_seconds("a") == 0
    tested.count("a")
    assert tested.wait_seconds("a") == 4


def test_a_backoff_forgets_the_oldest_keys_instead_of_growing_for_ever() -> None:
    tested = Backoff(1, 60.0, Clock())
    for number in range(throttle._MAX_KEYS + 5):
        tested.count(str(number))
    assert len(tested._failures) == throttle._MAX_KEYS


def test_guessing_from_many_addresses_is_slow_and_keeps_nobody_out_who_was_in_before() -> None:
    clock = Clock()
    gate = Gate(clock)
    gate.passed("192.0.2.1")
    for number in range(ALL_FREE + 5):
        gate.failed(f"10.0.{number // 250}.{number % 250}")
    assert gate.wait_seconds("203.0.113.9") == 5
    assert gate.wait_seconds("192.0.2.1") == 0
    clock.seconds = 5
    assert gate.wait_seconds("203.0.113.9") == 0


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("10.0.0.1", "10.0.0.2", False),
    ],
)
def test_addresses_of_one_client_share_a_count(one: str, other: str, alike: bool) -> None:
    gate = Gate(Clock())
    for _ in range(OWN_FREE):
        gate.failed(one)
    assert (gate.wait_seconds(other) > 0) is alike
