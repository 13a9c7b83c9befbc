from webapp import throttle
from webapp.throttle import Throttle


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
