import asyncio
import threading

from config.errors import EnvoywatchError
from envoywatch.web.tasks import KEPT, Tasks


async def over(tasks, token):
    for _ in range(500):
        if tasks.find(token).is_over:
            return tasks.find(token)
        await asyncio.sleep(0.01)
    raise AssertionError("the work did not end")


async def test_work_is_followed_by_its_token_to_its_result():
    tasks = Tasks()
    began, go_on = asyncio.Event(), asyncio.Event()

    async def work(task):
        task.tell(3, 7)
        began.set()
        await go_on.wait()
        return "done"

    token = tasks.start("about", work)
    await began.wait()
    task = tasks.find(token)
    assert (task.about, task.done, task.total, task.is_over) == ("about", 3, 7, False)
    go_on.set()
    assert (await over(tasks, token)).result == "done"
    assert tasks.find("another") is None


async def test_an_expected_trouble_and_an_unexpected_one_both_end_the_work():
    tasks = Tasks()

    async def expected(_):
        raise EnvoywatchError("not so", hint="but so")

    async def unexpected(_):
        raise ZeroDivisionError

    assert str((await over(tasks, tasks.start(None, expected))).fault) == "not so"
    assert "went wrong" in str((await over(tasks, tasks.start(None, unexpected))).fault)


async def test_the_oldest_work_is_forgotten_and_told_to_end():
    tasks = Tasks()
    waits = asyncio.Event()

    async def work(task):
        await waits.wait()

    tokens = [tasks.start(number, work) for number in range(KEPT + 1)]
    assert tasks.find(tokens[0]) is None
    assert tasks.find(tokens[-1]).about == KEPT
    await tasks.stop()


async def test_a_stopped_page_leaves_no_thread_at_work():
    tasks = Tasks()
    began, ended = threading.Event(), threading.Event()

    def work(task):
        try:
            for number in range(10_000):
                began.set()
                threading.Event().wait(0.005)
                task.tell(number, 10_000)
        finally:
            ended.set()

    tasks.start(None, lambda task: asyncio.to_thread(work, task))
    await asyncio.to_thread(began.wait, 5)
    await tasks.stop()
    assert await asyncio.to_thread(ended.wait, 5)
