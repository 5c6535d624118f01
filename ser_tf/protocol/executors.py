"""Executors of jobs: this process, parallel processes on this machine, or a Ray cluster.

All give the same bits: a job's result depends only on its settings, and every process uses one thread per operation.
"""

import contextlib
import logging
import multiprocessing
import multiprocessing.connection
import os
import queue
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent import futures
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol

from ser_tf.errors import UserError
from ser_tf.protocol import sharing
from ser_tf.protocol.machine import configure_tensorflow
from ser_tf.protocol.results import FoldResult
from ser_tf.protocol.runner import Busy, Event, Failure, Job, Run, execute

Outcome = tuple[Job[Any], FoldResult | Failure]
Attempt = tuple[Job[Any], FoldResult | Failure | Busy]
POLL_SECONDS = 0.2
JOBS_PER_PROCESS = 32
"""Approximate number of jobs after which workers are replaced, since TensorFlow does not release all memory. (The
pool's own `max_tasks_per_child` hangs when several workers reach it at once.)"""


class Executor(Protocol):
    """Runs jobs and yields each outcome as soon as it is available."""

    def run(
        self, run: Run[Any], jobs: Sequence[Job[Any]], report: Callable[[Event], None], wait: bool
    ) -> Generator[Attempt, None, None]:
        """Runs all jobs.

        Args:
            run: Settings and data shared by the jobs.
            jobs: The jobs, in the order to start them.
            report: Called in this process with progress events.
            wait: Whether to wait for jobs that another run is training.
        """


def run_jobs(
    executor: Executor, run: Run[Any], jobs: Sequence[Job[Any]], report: Callable[[Event], None]
) -> Generator[Outcome, None, None]:
    """Runs all jobs; those that another run is training come last, by when it may have finished them.

    Args:
        executor: Runs them.
        run: What the jobs share.
        jobs: In the order in which they shall start.
        report: Called in this process with progress events.
    """
    for wait in (False, True):
        busy: list[Job[Any]] = []
        with contextlib.closing(executor.run(run, jobs, report, wait)) as attempts:
            for job, outcome in attempts:
                if isinstance(outcome, Busy):
                    busy.append(job)
                    report((job.name, 0, 0, "in another run"))
                else:
                    yield job, outcome
        jobs = busy


class InProcess:
    """Runs one job after the other in this process."""

    def run(
        self, run: Run[Any], jobs: Sequence[Job[Any]], report: Callable[[Event], None], wait: bool
    ) -> Generator[Attempt, None, None]:
        """Runs all jobs; see `Executor.run`."""
        configure_tensorflow()
        for job in jobs:
            yield job, execute(run, job, report, wait)


class LocalProcesses:
    """Runs jobs in parallel processes on this machine."""

    def __init__(self, workers: int) -> None:
        """Uses up to `workers` processes."""
        self.workers = workers

    def run(
        self, run: Run[Any], jobs: Sequence[Job[Any]], report: Callable[[Event], None], wait: bool
    ) -> Generator[Attempt, None, None]:
        """Runs all jobs; see `Executor.run`. If the caller stops early, running jobs are terminated at once."""
        share = self.workers * JOBS_PER_PROCESS
        for first in range(0, len(jobs), share):
            yield from self._run_share(run, jobs[first : first + share], report, wait)

    def _run_share(
        self, run: Run[Any], jobs: Sequence[Job[Any]], report: Callable[[Event], None], wait: bool
    ) -> Generator[Attempt, None, None]:
        """Runs jobs in a pool of processes that ends with the last job."""
        # TensorFlow's threads do not survive forking.
        spawn = multiprocessing.get_context("spawn")
        events = spawn.Queue()
        pool = ProcessPoolExecutor(
            min(self.workers, len(jobs)),
            mp_context=spawn,
            initializer=_start_worker,
            initargs=(run, events),
        )
        try:
            # Workers begin deaf to Ctrl-C, which reaches the whole process group, also while they import their modules.
            before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
            try:
                waiting = {pool.submit(_execute_in_worker, job, wait): job for job in jobs}
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
            while waiting:
                done, _ = futures.wait(waiting, timeout=POLL_SECONDS, return_when=futures.FIRST_COMPLETED)
                _drain(events, report)
                for future in done:
                    job = waiting.pop(future)
                    try:
                        yield job, future.result()
                    except BrokenProcessPool:
                        raise UserError(
                            f"a worker died while running {job.name}, possibly out of memory. Finished folds are kept:"
                            " run the same command again with fewer --workers"
                        ) from None
        finally:
            _end(pool)


def _drain(events: Any, report: Callable[[Event], None]) -> None:
    while True:
        try:
            report(events.get_nowait())
        except queue.Empty:
            return


def _end(pool: ProcessPoolExecutor) -> None:
    """Terminates the workers, even in the middle of a job: a result is on disk whole or not at all."""
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()


_worker_run: Run[Any] | None = None
_worker_events: Any = None


def _start_worker(run: Run[Any], events: Any) -> None:
    global _worker_run, _worker_events
    from ser_tf import cli

    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # only the parent handles it
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    cli.quieten()
    sharing.stay(run.layout.output)
    configure_tensorflow()
    _worker_run, _worker_events = run, events


def _end_with_parent() -> None:
    """Ends this worker if the run that started it was killed, since nobody would read its results."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


def _execute_in_worker(job: Job[Any], wait: bool) -> FoldResult | Failure | Busy:
    if _worker_run is None:
        raise RuntimeError("the worker was not started with a run")
    return execute(_worker_run, job, _worker_events.put, wait)


def _say_nothing(event: Event) -> None:
    """Ignores epochs, which are not reported from a cluster."""
    del event


class RayCluster:
    """Runs jobs on a Ray cluster whose machines share the output folder and the corpus."""

    def __init__(self, workers: int, address: str | None) -> None:
        """Prepares to connect at the first run.

        Args:
            workers: Number of concurrent jobs.
            address: Address of the cluster; None starts Ray on this machine.
        """
        self.workers = workers
        self.address = address

    def run(
        self, run: Run[Any], jobs: Sequence[Job[Any]], report: Callable[[Event], None], wait: bool
    ) -> Generator[Attempt, None, None]:
        """Runs all jobs; see `Executor.run`. Epochs are not reported.

        Raises:
            UserError: Ray is not installed or the cluster cannot be reached.
        """
        try:
            import ray
        except ImportError:
            raise UserError("--executor ray needs Ray: pip install ray") from None
        try:
            ray.init(address=self.address, log_to_driver=False, logging_level=logging.ERROR, include_dashboard=False)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise UserError(f"--ray-address {self.address}: {str(error).splitlines()[0]}") from None
        try:
            yield from self._run(ray, run, jobs, report, wait)
        finally:
            ray.shutdown()

    def _run(
        self, ray: Any, run: Run[Any], jobs: Sequence[Job[Any]], report: Callable[[Event], None], wait: bool
    ) -> Generator[Attempt, None, None]:
        @ray.remote(num_cpus=1, max_retries=0)
        def run_job(shared: Run[Any], job: Job[Any]) -> FoldResult | Failure | Busy:
            configure_tensorflow()
            return execute(shared, job, _say_nothing, wait)

        shared = ray.put(run)
        waiting = list(jobs)
        running: dict[Any, Job[Any]] = {}
        while waiting or running:
            while waiting and len(running) < self.workers:
                job = waiting.pop(0)
                running[run_job.remote(shared, job)] = job
                report((job.name, 0, 0, "on the cluster"))
            done, _ = ray.wait(list(running), num_returns=1)
            for reference in done:
                yield running.pop(reference), ray.get(reference)
