"""One timer for one attempt."""

from __future__ import annotations

import asyncio

import pytest

from nbapimgr.engine._watchdog import Watchdog


def now():
    return asyncio.get_running_loop().time()


async def test_what_is_in_time_is_left_alone():
    with Watchdog(now() + 10, "end") as watch:
        await asyncio.sleep(0)
    assert watch.expired is None
    assert asyncio.current_task().cancelling() == 0


async def test_at_the_end_what_is_awaited_is_cancelled():
    with Watchdog(now() + 0.01, "end") as watch:
        await asyncio.Event().wait()
        pytest.fail("this is never reached")
    assert watch.expired == "end"
    assert asyncio.current_task().cancelling() == 0
    await asyncio.sleep(0)  # and nothing is cancelled later


async def test_each_allowance_gives_time_from_now_on():
    with Watchdog(now() + 10, "end") as watch:
        for _ in range(5):
            watch.allow(0.05, "stall")
            await asyncio.sleep(0.02)
        assert watch.expired is None
        await asyncio.Event().wait()
    assert watch.expired == "stall"


async def test_a_shorter_allowance_counts_at_once():
    with Watchdog(now() + 60, "end") as watch:
        watch.allow(30, "long")
        watch.allow(0.01, "short")
        await asyncio.Event().wait()
    assert watch.expired == "short"


async def test_no_allowance_goes_past_the_end():
    with Watchdog(now() + 0.02, "end") as watch:
        watch.allow(10, "long")
        await asyncio.Event().wait()
    assert watch.expired == "end"


async def test_a_cancellation_from_elsewhere_passes_through():
    watch = Watchdog(now() + 10, "end")

    async def work():
        with watch:
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert watch.expired is None


async def test_a_cancellation_from_elsewhere_at_the_same_time_passes_through():
    async def work():
        with Watchdog(now() + 10, "end") as watch:
            watch._at = 0.0
            watch._fire()
            asyncio.current_task().cancel()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_passes_through():
    with pytest.raises(ZeroDivisionError), Watchdog(now() + 10, "end"):
        raise ZeroDivisionError


async def test_afterwards_it_does_nothing():
    watch = Watchdog(now() + 10, "end")
    with watch:
        pass
    watch._fire()
    assert watch.expired is None
    await asyncio.sleep(0)


async def test_it_needs_a_task():
    caught = asyncio.get_running_loop().create_future()

    def outside_any_task():
        try:
            Watchdog(now() + 1, "end").__enter__()
        except RuntimeError as error:
            caught.set_result(str(error))

    asyncio.get_running_loop().call_soon(outside_any_task)
    assert "task" in await caught
