"""Several syncs at once, each after those that it waits for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from cdp.activation.runner import Result
from cdp.activation.spec import SyncSpec

__all__ = ["run_all"]

_DONE = ("succeeded", "partial")  # what a sync that waits may go on after


def run_all(
    specs: Sequence[SyncSpec],
    run: Callable[[SyncSpec], Result],
    jobs: int,
    ended_before: Mapping[str, str],
) -> list[Result]:
    """The results in the order of `specs`, at most `jobs` at a time.

    ended_before: sync → how its latest recorded run ended, for those that are not among
    `specs`. A sync whose predecessor did not get through is blocked; its siblings go on.
    """
    results: dict[str, Result] = {}
    waiting, running = list(specs), dict[Future[Result], SyncSpec]()
    names = {spec.name for spec in specs}
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        while waiting or running:
            for spec in [spec for spec in waiting if not names & set(spec.after) - results.keys()]:
                waiting.remove(spec)
                if reason := _held_up(spec, results, ended_before):
                    results[spec.name] = Result(spec.name, "blocked", reason=reason)
                else:
                    running[pool.submit(run, spec)] = spec
            if not running:
                continue
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                results[running.pop(done).name] = done.result()
    return [results[spec.name] for spec in specs]


def _held_up(spec: SyncSpec, results: Mapping[str, Result], ended_before: Mapping[str, str]) -> str:
    for name in spec.after:
        status = results[name].status if name in results else ended_before.get(name, "")
        if not status:
            return f"it comes after {name}, which has not run yet"
        if status not in _DONE:
            return f"it comes after {name}, which ended as {status}"
    return ""
