"""Wishes from many threads reach the one that takes them, once and in order."""

import threading

from inbox import Inbox, Wish

TIMEOUT_S = 60.0


def test_wishes_are_taken_once_in_order() -> None:
    inbox = Inbox()
    inbox.put(Wish.RELEASE)
    inbox.put(Wish.TAKE_CONTROL)
    inbox.put(Wish.RELEASE)

    assert inbox.take() == (Wish.RELEASE, Wish.TAKE_CONTROL, Wish.RELEASE)
    assert inbox.take() == ()


def test_a_wish_wakes_until_it_is_taken() -> None:
    inbox = Inbox()
    assert not inbox.wake.is_set()

    inbox.put(Wish.REFRESH)
    assert inbox.wake.is_set()

    inbox.take()
    assert not inbox.wake.is_set()


def test_a_stop_wakes_for_good() -> None:
    inbox = Inbox()

    inbox.stop()
    inbox.take()

    assert inbox.is_stopping
    assert inbox.wake.is_set()


def test_wishes_before_a_stop_are_not_lost() -> None:
    inbox = Inbox()
    inbox.put(Wish.RELEASE)

    inbox.stop()

    assert inbox.take() == (Wish.RELEASE,)


def test_no_wish_of_many_threads_is_lost_or_slept_through() -> None:
    inbox = Inbox()
    n_threads, n_each = 8, 250
    start = threading.Barrier(n_threads)

    def wish() -> None:
        start.wait(TIMEOUT_S)
        for _ in range(n_each):
            inbox.put(Wish.REFRESH)

    threads = [threading.Thread(target=wish) for _ in range(n_threads)]
    for thread in threads:
        thread.start()
    n_taken = 0
    while n_taken < n_threads * n_each:
        assert inbox.wake.wait(TIMEOUT_S), "a wish lies there and nobody was woken"
        n_taken += len(inbox.take())
    for thread in threads:
        thread.join(TIMEOUT_S)

    assert n_taken == n_threads * n_each
    assert inbox.take() == ()
