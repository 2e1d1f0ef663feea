"""The workers of a Dask scheduler and jobs of Slurm: the same table as here, a lost worker costs a retry, and what is wrong is one line.

Slurm itself is not here: what is tested is the job script, and that jobs come, work and go with a stand-in for sbatch and scancel.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import types

import psutil
import pytest

from calcisim.errors import CalcisimError, UsageError
from calcisim.studies import cluster, sweep
from calcisim.studies.executor import KILLED, Processes

distributed = pytest.importorskip("distributed", reason="needs the extra `cluster`")
jobqueue = pytest.importorskip("dask_jobqueue", reason="needs the extra `cluster`")

INJURY = "dystrophic/injury"
ALONE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
ALONE |= {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "10s"}


class Crew:
    """A scheduler and its workers as processes of this machine, as somebody would start them."""

    def __init__(self, folder):
        self.file, self.processes, self.folder = folder / "scheduler.json", [], folder

    def start(self, *words, code=None):
        said = (self.folder / f"said-{len(self.processes)}.txt").open("w")
        words = (
            ["-c", code, *words]
            if code
            else ["-m", "distributed.cli.dask_scheduler" if "--host" in words else "distributed.cli.dask_worker", *words]
        )
        # a session of its own: what Ctrl-C would do to all of a terminal is not what is tested
        self.processes.append(
            subprocess.Popen(
                [sys.executable, *words], stdout=said, stderr=said, cwd=self.folder, env={**os.environ, **ALONE}, start_new_session=True
            )
        )
        return self.processes[-1]

    def scheduler(self):
        process = self.start("--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(self.file), "--no-dashboard")
        for _ in range(600):
            if self.file.exists():
                return process
            time.sleep(0.1)
        raise AssertionError((self.folder / "said-0.txt").read_text())

    def workers(self, count=1, threads=1):
        return self.start(
            "--scheduler-file",
            str(self.file),
            "--nworkers",
            str(count),
            "--nthreads",
            str(threads),
            "--no-dashboard",
            "--death-timeout",
            "60",
        )

    def end(self):
        every = [
            child for one in self.processes if psutil.pid_exists(one.pid) for child in psutil.Process(one.pid).children(recursive=True)
        ]
        for one in [*self.processes, *every]:
            with contextlib.suppress(psutil.Error, OSError):
                one.kill()
        for one in self.processes:
            one.wait()


@pytest.fixture
def crew(tmp_path):
    (tmp_path / "crew").mkdir()
    found = Crew(tmp_path / "crew")
    found.scheduler()
    yield found
    found.end()


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A scheduler with two workers that are kept for several tests."""
    found = Crew(tmp_path_factory.mktemp("crew"))
    found.scheduler()
    found.workers(2)
    yield cluster.Dask(str(found.file))
    found.end()


def each(executor, function, tasks, stop=lambda: False, said=None):
    return {done.key: done for done in executor.run(function, tasks, None, [].append if said is None else said.append, stop)}


# Tasks are functions of the standard library: a worker finds them whatever its folder.


def test_tasks_come_back_and_one_that_fails_is_one_of_them(two):
    found = each(two, divmod, {number: (7, number) for number in range(4)})
    assert {key: done.value for key, done in found.items() if done.error is None} == {1: (7, 0), 2: (3, 1), 3: (2, 1)}
    assert (found[0].error[:18], found[0].again) == ("ZeroDivisionError:", False)


def test_stopping_ends_at_once(two):
    began = time.monotonic()
    assert each(two, time.sleep, dict.fromkeys(range(8), (5.0,)), lambda: time.monotonic() - began > 1.0) == {}
    assert time.monotonic() - began < 4.5


def test_a_sweep_there_is_the_sweep_here(two, tmp_path):
    study = sweep.sweep(INJURY, ["plasma.phosphate=1.2,1.6,2.4 mmol/L"], quick=True, days=1.0)
    found = [sweep.run(study, place, tmp_path / name) for name, place in (("there", two), ("here", Processes(1)))]
    assert (found[0].directory / "table.csv").read_bytes() == (found[1].directory / "table.csv").read_bytes()
    assert found[0].summary["finished"] == 3


def test_a_file_that_is_edited_gives_no_run_of_another_scenario_there(two, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(f'extends = "{INJURY}"\n')
    study = sweep.sweep(str(path), ["plasma.phosphate=1.2,1.6 mmol/L"], quick=True, days=1.0)
    path.write_text(f'extends = "{INJURY}"\n[plasma]\nfetuin = "3 umol/L"\n')
    found = sweep.run(study, two, tmp_path / "a")
    assert found.summary["finished"] == 0
    assert all("is not the scenario that this study began with (it was changed)" in row["error"] for row in found.rows)
    assert (found.directory / "ledger.jsonl").read_bytes() == b""  # all are tried again


def test_a_scheduler_file_that_goes_is_one_line(tmp_path):
    """It is looked for when the runs begin also, for the client would wait for it."""
    path = tmp_path / "scheduler"
    path.write_text("{}")
    place = cluster.Dask(str(path))
    path.unlink()
    with pytest.raises(UsageError, match="no such scheduler file"):
        each(place, divmod, {0: (7, 2)})


def test_no_scheduler_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT", 0.5)
    for address, said in (
        ("tcp://127.0.0.1:9", "no Dask scheduler answers there"),
        ("nonsense://x", "no Dask scheduler answers there"),
        (str(tmp_path / "s.json"), "no such scheduler file"),
    ):
        with pytest.raises(UsageError, match=f"--scheduler .*{said}"):
            each(cluster.Dask(address), divmod, {0: (7, 2)})


def test_a_result_that_its_worker_took_along_is_waited_for(monkeypatch):
    """A task that has ended is at work again when its worker dies before the result was fetched."""

    class Future:
        def __init__(self, value):
            self.value, self.seen = value, iter(["lost", "lost", "finished"])

        @property
        def status(self):
            return next(self.seen)

        def result(self):
            return self.value, None, False

    class Client:
        status = "running"

        def submit(self, alone, function, arguments, pure):
            return Future(function(*arguments))

        def cancel(self, futures, force):
            assert futures == []

    monkeypatch.setattr(cluster, "_Crew", lambda client, say: types.SimpleNamespace(threads=lambda: 2))
    monkeypatch.setattr(cluster, "_ended", list)
    found = list(cluster._through(Client(), divmod, {0: (7, 2), 1: (9, 4)}, lambda text: None, lambda: False))
    assert {done.key: (done.value, done.error) for done in found} == {0: ((3, 1), None), 1: ((2, 1), None)}


@pytest.mark.push
def test_a_task_that_kills_its_workers_is_given_up_and_the_others_are_not(crew):
    crew.workers(2)
    tasks = {0: (signal.SIGKILL,), **dict.fromkeys((1, 2, 3), (signal.SIGCONT,))}
    found = each(cluster.Dask(str(crew.file)), signal.raise_signal, tasks)
    assert (found[0].error, found[0].again) == (KILLED, True)
    assert [found[number].error for number in (1, 2, 3)] == [None] * 3


@pytest.mark.push
def test_a_worker_that_is_killed_costs_its_task_another_try(crew):
    lone = crew.workers(1)
    began = threading.Timer(6.0, lambda: [child.kill() for child in psutil.Process(lone.pid).children(recursive=True)])
    began.start()
    found = each(cluster.Dask(str(crew.file)), time.sleep, dict.fromkeys(range(3), (3.0,)))
    began.join()
    assert [found[number].error for number in range(3)] == [None] * 3


@pytest.mark.push
def test_a_worker_with_several_threads_runs_one_task_at_a_time_and_it_is_said(crew):
    crew.workers(1, threads=3)
    said = []
    began = time.monotonic()
    assert len(each(cluster.Dask(str(crew.file)), time.sleep, dict.fromkeys(range(6), (0.5,)), said=said)) == 6
    assert time.monotonic() - began > 3.0
    assert any("run one task at a time; start them with --nthreads 1" in line for line in said)


@pytest.mark.push
def test_a_scheduler_that_is_lost_ends_with_one_line_and_without_a_worker_it_waits(crew):
    said = []
    threading.Timer(4.0, crew.workers).start()  # it comes late
    assert each(cluster.Dask(str(crew.file)), divmod, {0: (7, 2)}, said=said)[0].value == (3, 1)
    threading.Timer(3.0, crew.processes[0].kill).start()
    with pytest.raises(CalcisimError, match=r"the Dask scheduler is gone\. What was finished is kept"):
        each(cluster.Dask(str(crew.file)), time.sleep, dict.fromkeys(range(60), (1.0,)), said=said)


@pytest.mark.push
def test_a_worker_with_another_calcisim_or_none_is_named(crew):
    words = ("--scheduler-file", str(crew.file), "--nthreads", "1", "--no-dashboard", "--no-nanny")
    main = "import sys; from distributed.cli.dask_worker import main; sys.argv[0] = 'dask-worker'; main()"
    for number, (before, said) in enumerate(
        (
            ("import sys; sys.modules['calcisim'] = None; ", "has no calcisim"),
            ("from calcisim import jit; jit.source_hash = lambda: 'another'; ", "has another calcisim"),
        )
    ):
        worker = crew.start(*words, code=before + main)
        with pytest.raises(UsageError, match=f"worker tcp.*{said}"):
            each(cluster.Dask(str(crew.file)), divmod, {number: (7, 2)})
        worker.kill()
        worker.wait()
        time.sleep(1.0)


@pytest.mark.push
def test_200_runs_whose_client_is_killed_twice_are_the_table_of_this_machine(crew, tmp_path):
    from studies.test_sweep import command, kill_at, lines

    crew.workers(2)
    there = tmp_path / "there"
    words = command(there, "--scheduler", str(crew.file))
    kill_at(words, there, 20)
    kill_at(words, there, lines(there) + 35)
    subprocess.run(words, check=True, capture_output=True)
    subprocess.run(command(tmp_path / "here", "--workers", "2"), check=True, capture_output=True)
    assert (there / "table.csv").read_bytes() == (tmp_path / "here" / "table.csv").read_bytes()


@pytest.mark.push
def test_ctrl_c_of_a_client_leaves_workers_and_ledger(crew, tmp_path):
    from studies.test_sweep import command, lines

    crew.workers(1)
    place = tmp_path / "stopped"
    process = subprocess.Popen(command(place, "--scheduler", str(crew.file)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while lines(place) < 5:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert f"{lines(place)} of 200 runs are kept in {place}; the same command goes on" in said
    assert "Traceback" not in said
    assert each(cluster.Dask(str(crew.file)), divmod, {0: (7, 2)})[0].value == (3, 1)


# --- Slurm --------------------------------------------------------------------------------------------------------------


def test_the_job_script_says_what_was_asked_for():
    words = [
        "queue=short",
        "account=calcinosis",
        "cores=4",
        "walltime=04:00:00",
        "directive=--constraint=icelake",
        "prologue=module load python",
    ]
    script = cluster.Slurm.read(words, 8).script(3_000_000_000)
    for line in (
        "#SBATCH -p short",
        "#SBATCH -A calcinosis",
        "#SBATCH --cpus-per-task=4",
        "#SBATCH --mem=23G",  # four times twice what a run needs, in GiB
        "#SBATCH -t 04:00:00",
        "#SBATCH --constraint=icelake",
        "export OMP_NUM_THREADS=1",
        "module load python",
    ):
        assert line in script.split("\n")
    assert "--nthreads 1" in script
    assert "--nworkers 4" in script
    assert "#SBATCH --mem=32G" in cluster.Slurm.read([*words, "memory=32 GiB"]).script()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["queu=short"], "did you mean 'queue'"),
        (["short"], "not KEY=VALUE"),
        (["queue="], "not KEY=VALUE"),
        (["cores=four"], "cores=four: must be"),
        (["cores=0"], "cores=0: must be"),
        (["queue=a", "queue=b"], "there twice"),
    ],
)
def test_mistyped_settings_of_slurm_are_told(words, said):
    with pytest.raises(UsageError, match=said):
        cluster.Slurm.read(words)


def test_settings_that_slurm_cannot_have_and_a_machine_without_it_are_told(monkeypatch):
    with pytest.raises(UsageError, match="--slurm: "):
        cluster.Slurm.read(["memory=much"]).script()
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(UsageError, match="there is no sbatch here"):
        each(cluster.Slurm.read(["queue=a"]), divmod, {0: (7, 2)})


SBATCH = """#!/bin/sh
cp "$1" "$0.job"
nohup setsid sh "$0.job" > "$0.said" 2>&1 &
echo "Submitted batch job $!"
echo $! >> "$0.ids"
"""
SCANCEL = """#!/bin/sh
for one in "$@"; do kill -- "-$one"; done
"""


@pytest.mark.push
def test_jobs_come_work_and_go(tmp_path, monkeypatch):
    """With commands that start the script at once on this machine in the place of a batch system."""
    for name, script in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    words = ["cores=2", "interface=lo", "memory=4 GB", f"log_directory={tmp_path}", f"local_directory={tmp_path}"]
    study = sweep.sweep(INJURY, ["plasma.phosphate=1.2,1.6,2.4 mmol/L"], quick=True, days=1.0)
    found = sweep.run(study, cluster.Slurm.read(words, 2), tmp_path / "there")
    assert found.summary["finished"] == 3
    here = sweep.run(study, Processes(1), tmp_path / "here")
    assert (found.directory / "table.csv").read_bytes() == (here.directory / "table.csv").read_bytes()
    jobs = [int(line) for line in (tmp_path / "sbatch.ids").read_text().split()]
    assert len(jobs) == 1
    for _ in range(100):
        if not any(psutil.pid_exists(job) and psutil.Process(job).status() != psutil.STATUS_ZOMBIE for job in jobs):
            break
        time.sleep(0.1)
    else:
        raise AssertionError("the job goes on")
