"""One execution (model + evaluator) by `medeval site run` against the same two containers by bare `docker run`.

    python bench/execution_overhead.py [REPEATS]

Two jobs: one that does nothing, one that works for three seconds. For each: the bare pair, an execution inside a
running agent (a round of several, divided), and the whole process `medeval site run` with one execution to do.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from medeval.cli import playing
from medeval.cli.federation import Stage, command
from medeval.cli.plays import Play, PlayedModel, PlayedSite
from medeval.domain.benchmark import BenchmarkSpec
from medeval.packaging.scaffold import new_benchmark, new_model

JOBS = {"empty": 0.0, "three-seconds": 3.0}
#: Executions of one round inside an agent.
ROUND = 4

WORK = """
def work(seconds):
    import time
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
"""


@dataclass(frozen=True)
class Bench:
    """A federation of one site, and where its parts lie."""

    stage: Stage
    benchmark: str
    models: tuple[str, ...]

    @property
    def site(self) -> Path:
        """The site's folder."""
        return self.stage.folder / "clinic" / "site"


def make_model(folder: Path, seconds: float) -> None:
    """A model folder whose `infer` works for that long."""
    new_model(folder)
    main = folder / "src" / "main.py"
    text = main.read_text("utf-8").replace("def score(", WORK + "\n\ndef score(", 1)
    main.write_text(
        text.replace("    interface = json.loads", f"    work({seconds})\n    interface = json.loads", 1), "utf-8"
    )


def make_benchmark(folder: Path) -> None:
    """The example benchmark, for data that anyone may see."""
    new_benchmark(folder)
    draft = folder / "benchmark.yaml"
    policy = "disclosure: {name: public-data, min_cases: 1, min_per_class: 0, max_numbers: 10000}\n"
    draft.write_text(draft.read_text("utf-8").replace("data_class: restricted", "data_class: public") + policy, "utf-8")


def open_federation(folder: Path, address: str) -> Bench:
    """Server, benchmark, one site with data; the models are submitted and approved, but not allowed yet."""
    stage = Stage(folder)
    make_benchmark(folder / "bench-rule")
    names = []
    for job, seconds in JOBS.items():
        for number in range(2 * ROUND):
            names.append(f"{job}-{number}")
            make_model(folder / names[-1], seconds)
    play = Play(
        benchmark="bench-rule",
        headline="",
        dataset="table",
        sites=(PlayedSite("clinic", "Clinic"),),
        models=tuple(PlayedModel(name, "logistic", "", ()) for name in names),
        make_data=lambda stage, source: {"clinic": folder / "bench-rule" / "rehearsal"},
    )
    playing.log_in(stage, address)
    stage.run(command("committee", "benchmark", "publish", folder / "bench-rule", "--runtime", "docker"))
    folders = [folder / name for name in names]
    stage.run(command("model-owner", "model", "submit", *folders, "--benchmark", "bench-rule", "--runtime", "docker"))
    stage.run(command("committee", "benchmark", "approve", "bench-rule", "--all"))
    playing.open_sites(stage, play, address, "docker")
    playing.add_datasets(stage, play, {"clinic": folder / "bench-rule" / "rehearsal"})
    return Bench(stage, "bench-rule", tuple(names))


def timed(action: Callable[[], object]) -> float:
    """Wall seconds of an action."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def run_allowed(bench: Bench, models: list[str]) -> float:
    """Allow these models, then the seconds of the process that executes them."""
    if models:
        bench.stage.run(command("clinic", "site", "allow", *models))
    return timed(lambda: bench.stage.run(command("clinic", "site", "run")))


def run_bare(bench: Bench, model: str, folder: Path) -> float:
    """The seconds of the same two containers by `docker run`, inputs and outputs mounted the same way."""
    prepared = bench.site / "datasets" / "table" / "prepared"
    spec = BenchmarkSpec.from_json(next((bench.site / "benchmarks").glob("*.json")).read_bytes())
    tasks = [json.loads(path.read_text()) for path in bench.site.glob("executions/*/task.json")]
    card = next(task["model"] for task in tasks if task["model"]["name"] == model)
    for part in ("infer", "evaluate"):
        shutil.rmtree(folder / part, ignore_errors=True)
        (folder / part).mkdir(parents=True)
    interface = spec.model_interface.model_dump(mode="json")
    (folder / "model.json").write_text(json.dumps({"interface": interface}))
    (folder / "evaluator.json").write_text(json.dumps(spec.bound_evaluator().parameters))
    infer = bare_words(
        card["cube"]["package"]["config"]["digest"], "infer", folder / "infer",
        {"cases": prepared / "cases", "parameters.json": folder / "model.json"},
    )  # fmt: skip
    evaluate = bare_words(
        spec.evaluator.cube.identity, "evaluate", folder / "evaluate",
        {
            "predictions.csv": folder / "infer" / "predictions.csv",
            "labels.csv": prepared / "labels.csv",
            "parameters.json": folder / "evaluator.json",
        },
    )  # fmt: skip
    return timed(lambda: [subprocess.run(words, check=True) for words in (infer, evaluate)])


def bare_words(image: str, task: str, out: Path, inputs: dict[str, Path]) -> list[str]:
    """A plain `docker run`."""
    mounts = [word for name, path in inputs.items() for word in ("-v", f"{path}:/in/{name}:ro")]
    entrypoint = ["python", "src/main.py", task, "--input", "/in", "--output", "/out"]
    return ["docker", "run", "--rm", "--network", "none", *mounts, "-v", f"{out}:/out", image, *entrypoint]


def measure(bench: Bench, job: str, repeats: int, folder: Path) -> None:
    """Print the three figures of one job and their ratios."""
    names = [name for name in bench.models if name.startswith(job)]
    inside = (run_allowed(bench, names[:ROUND]) - run_allowed(bench, [])) / ROUND
    whole = [run_allowed(bench, [name]) for name in names[ROUND : ROUND + repeats]]
    bare = [run_bare(bench, names[0], folder) for _ in range(repeats)]
    base = median(bare)
    print(f"\n{job}")
    print(f"  bare docker run, twice                 {base:6.3f} s  ({min(bare):.3f} to {max(bare):.3f})")
    print(
        f"  execution inside a running agent       {inside:6.3f} s  ratio {inside / base:.2f}, {inside - base:+.3f} s"
    )
    print(f"  whole process `medeval site run`       {median(whole):6.3f} s  ratio {median(whole) / base:.2f}, "
          f"{median(whole) - base:+.3f} s")  # fmt: skip


def main(repeats: int) -> None:
    """Set up once, measure each job."""
    with tempfile.TemporaryDirectory(prefix="medeval-bench-") as scratch:
        folder = Path(scratch)
        with Stage(folder).server() as address:
            bench = open_federation(folder, address)
            run_allowed(bench, [])
            for job in JOBS:
                measure(bench, job, repeats, folder / "bare")


if __name__ == "__main__":
    main(min(int(sys.argv[1]) if len(sys.argv) > 1 else ROUND, ROUND))
