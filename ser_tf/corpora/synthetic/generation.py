"""Generates a corpus: plans it, speaks it in parallel, and moves it into place when it is complete."""

import contextlib
import functools
import json
import multiprocessing
import os
import shutil
import signal
import socket
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from ser_tf.corpora.iemocap import EXPECTED
from ser_tf.corpora.iemocap_format import CODES
from ser_tf.corpora.synthetic import casia_layout, espeak, votes
from ser_tf.corpora.synthetic.description import DESCRIPTION, LAYOUTS, Description, read_description
from ser_tf.corpora.synthetic.iemocap_layout import write_dialog
from ser_tf.corpora.synthetic.plan import Turn, plan_iemocap
from ser_tf.errors import CorpusError, SettingError

VERSION = 1
"""Version of the generator; raised by any change to what is written for the same settings."""
SCALES = ("small", "full")
SALIENCE = "salience.json"

Salience = dict[str, tuple[tuple[float, float], ...]]
_Task = Callable[[], Salience]


def generate(
    output: Path | str,
    layout: str = "iemocap",
    scale: str = "small",
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Writes a generated corpus, or finds it there already.

    The corpus is written beside its place and moved there when it is complete: no half-written tree is ever mistaken
    for a corpus. The same settings give the same bytes. At full scale the work is shared among new processes, which
    import the program's main module; keep its code below `if __name__ == "__main__"`.

    Args:
        output: The corpus's folder: one that does not exist or is empty, or a corpus of the same settings.
        layout: `iemocap` or `casia`.
        scale: `small`, a few minutes of speech, or `full`, the size of the release.
        seed: Any integer from 0.
        progress: Called with the number of utterances written and of all; not called when the corpus is already there.

    Returns:
        The folder.

    Raises:
        SettingError: there is no such layout or scale, the seed is negative, or the folder holds something else.
        CorpusError: the folder cannot be written.
    """
    output = Path(output)
    settings = _settings(layout, scale, seed)
    if is_there(output, layout, scale, seed):
        return output
    partial = output.parent / f".{output.name}.partial-{socket.gethostname()}-{os.getpid()}"
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(output)
        partial.mkdir()
        written = _write(partial, layout, scale, seed, progress)
        description = {**settings, "espeak_ng": written["espeak_ng"], **written}
        (partial / DESCRIPTION).write_text(json.dumps(description, indent=1) + "\n", "utf-8")
        _move(partial, output, settings)
    except OSError as error:
        raise CorpusError(f"{output}: cannot be written ({error.strerror or error}); choose another folder") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return output


def is_there(output: Path | str, layout: str = "iemocap", scale: str = "small", seed: int = 0) -> bool:
    """Whether the folder already holds the corpus of these settings; False when it can be written.

    Raises:
        SettingError: as `generate`.
    """
    output = Path(output)
    wanted = _settings(layout, scale, seed)
    try:
        if not output.exists() or (output.is_dir() and not any(output.iterdir())):
            return False
    except OSError as error:
        raise CorpusError(f"{output}: cannot be read ({error.strerror or error})") from error
    if not (output / DESCRIPTION).is_file():
        raise SettingError(f"{output}: already exists and is not a generated corpus; choose another folder")
    found = read_description(output)
    differing = [f"{key} {found.get(key)} (not {value})" for key, value in wanted.items() if found.get(key) != value]
    if differing:
        raise SettingError(f"{output}: holds a corpus of other settings, {', '.join(differing)}; choose another folder")
    return True


def _settings(layout: str, scale: str, seed: int) -> dict[str, str | int]:
    for name, value, allowed in (("layout", layout, LAYOUTS), ("scale", scale, SCALES)):
        if value not in allowed:
            raise SettingError(f"{name} {value!r} does not exist; there are {', '.join(allowed)}")
    if seed < 0:
        raise SettingError(f"seed {seed} is negative; give an integer from 0")
    return {"generator_version": VERSION, "layout": layout, "scale": scale, "seed": seed}


def _remove_abandoned(output: Path) -> None:
    """Removes what killed runs on this machine left beside the output."""
    prefix = f".{output.name}.partial-{socket.gethostname()}-"
    for path in output.parent.glob(f"{prefix}*"):
        with contextlib.suppress(ValueError):
            if not _is_running(int(path.name.removeprefix(prefix))):
                shutil.rmtree(path, ignore_errors=True)


def _is_running(process: int) -> bool:
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _move(partial: Path, output: Path, settings: Mapping[str, str | int]) -> None:
    try:
        partial.replace(output)
    except OSError:
        # Another process may have written the same corpus in the meantime; then this one's is not needed.
        layout, scale, seed = str(settings["layout"]), str(settings["scale"]), int(settings["seed"])
        if not is_there(output, layout, scale, seed):
            raise


def _write(root: Path, layout: str, scale: str, seed: int, progress: Callable[[int, int], None] | None) -> Description:
    espeak.check()
    if layout == "iemocap":
        turns = plan_iemocap(scale, seed)
        dialogs: dict[str, list[Turn]] = {}
        for turn in turns:
            dialogs.setdefault(turn.dialog, []).append(turn)
        tasks: list[_Task] = [functools.partial(write_dialog, root, dialog, seed) for dialog in dialogs.values()]
        description = _describe_iemocap(turns)
    else:
        plan = casia_layout.plan_casia(scale, seed)
        tasks = [functools.partial(casia_layout.write_group, root, group, seed) for group in plan]
        description = casia_layout.describe(plan)
    salience: Salience = {}
    # Closed before anything is tidied up: nobody may write to the folder any more.
    with contextlib.closing(_run(tasks, parallel=scale == "full")) as parts:
        for part in parts:
            salience |= part
            if progress:
                progress(len(salience), description["counts"]["utterances"])
    rounded = {key: [[round(second, 4) for second in pair] for pair in salience[key]] for key in sorted(salience)}
    (root / SALIENCE).write_text(json.dumps(rounded, indent=0) + "\n", "utf-8")
    return {**description, "espeak_ng": espeak.version()}


def _leave_interrupts_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run(tasks: list[_Task], parallel: bool) -> Generator[Salience, None, None]:
    """Runs the tasks here, or in processes of their own: eSpeak is not thread-safe, and a fork may inherit threads."""
    if not parallel:
        for task in tasks:
            yield task()
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(os.cpu_count(), context, _leave_interrupts_to_parent)
    try:
        futures: list[Future[Salience]] = [pool.submit(task) for task in tasks]
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool:
        raise CorpusError(
            "a process that generates the corpus was killed, possibly out of memory; run the command again"
        ) from None
    finally:
        # Not by `with`: its own shutdown would wait for all tasks even after an interruption.
        pool.shutdown(wait=True, cancel_futures=True)


def _describe_iemocap(turns: tuple[Turn, ...]) -> Description:
    """Counts by the keys of `ValidationReport`, and what was drawn for the votes."""
    styles = {"impro": "improvised", "script": "scripted"}
    counts = Counter({"utterances": len(turns)})
    for turn in turns:
        counts.update((CODES[turn.code] or "no majority", turn.session, styles[turn.style]))
    improvised = [turn for turn in turns if turn.style == "impro"]
    dominant = [turn for turn in improvised if CODES[turn.code] in votes.TARGETS]
    return {
        "counts": {key: counts[key] for key in EXPECTED if key in counts},
        "existence_improvised": {
            "dominant": votes.existence([turn.judged.outside for turn in dominant]),
            "all": votes.existence([turn.judged.outside for turn in improvised]),
        },
        "confusion": votes.confusion([CODES[turn.code] for turn in turns], [turn.judged for turn in turns]),
    }
