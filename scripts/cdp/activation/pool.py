"""Several syncs at once, each after those that it waits for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from typing import Any

from cdp.activation.runner import Result
from cdp.activation.spec import SyncSpec

__all__ = ["run_all"]

_DONE = ("succeeded", "partial")  # what a sync that waits may go on after


def run_all(
    specs: Sequence[SyncSpec],
    run: Callable[[SyncSpec], Result],
    jobs: int,
    ended_before: Mapping[str, str],
    stop: Callable[[], None] = lambda: None,
) -> list[Result]:
    """The results in the order of `specs`, at most `jobs` at a time.

    ended_before: sync → how its latest recorded run ended, for those that are not among
    `specs`. A sync whose predecessor did not get through is blocked; its siblings go on.
    stop: asks those at work to end, after Ctrl-C; they are waited for.
    """
    results: dict[str, Result] = {}
    waiting, running = list(specs), dict[Future[Result], SyncSpec]()
    names = {spec.name for spec in specs}
    with ThreadPoolExecutor(jobs) if jobs > 1 else _AtOnce() as pool:
        try:
            while waiting or running:
                for spec in [found for found in waiting if not names & {*found.after} - {*results}]:
                    waiting.remove(spec)
                    if reason := _held_up(spec, results, ended_before):
                        results[spec.name] = Result(spec.name, "blocked", reason=reason)
                    else:
                        running[pool.submit(run, spec)] = spec
                for done in wait(running, return_when=FIRST_COMPLETED).done if running else ():
                    results[running.pop(done).name] = done.result()
        except KeyboardInterrupt:
            stop()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [results[spec.name] for spec in specs]


class _AtOnce(Executor):
    """Runs each in this very thread, which is the one that Ctrl-C reaches."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """The result, in hand already."""
        future = Future[Any]()
        future.set_result(fn(*args, **kwargs))
        return future


def _held_up(spec: SyncSpec, results: Mapping[str, Result], ended_before: Mapping[str, str]) -> str:
    for name in spec.after:
        status = results[name].status if name in results else ended_before.get(name, "")
        if not status:
            return f"it comes after {name}, which has not run yet"
        if status not in _DONE:
            return f"it comes after {name}, which ended as {status}"
    return ""
