"""Jobs for the tests of the worker processes; they must be importable there."""

import os
import signal
import time

_told = "nothing"


def begin(told):
    global _told  # noqa: PLW0603 (what an initializer is for)
    _told = told


def told():
    return _told


def process():
    return os.getpid()


def add(first, second):
    return first + second


def spin():
    while True:
        pass


def nap(seconds):
    time.sleep(seconds)
    return _told


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def devour():
    return len(bytearray(4 * 2**30))


def fail():
    raise ValueError("the job's own")


def refuse():
    raise OSError("cannot begin")


def signals():
    return [signal.getsignal(number) is signal.SIG_IGN for number in (signal.SIGINT, signal.SIGTERM)]


def slow_start():
    time.sleep(0.4)
