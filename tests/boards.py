"""Fixed benchmarks and leaderboards for tests: five sites, three models, every state of a cell."""

from functools import reduce

from medeval.disclosure.withhold import to_releasable
from medeval.domain.attestation import CubeRecord, Provenance, SandboxRecord
from medeval.domain.base import digest_of
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.families.base import Wide
from medeval.domain.families.binary import PositiveWhen, ScoreTable
from medeval.domain.lifecycle import ExecutionState
from medeval.domain.messages import Leaderboard, PooledComparison
from medeval.domain.policies import DisclosurePolicy
from medeval.domain.result import Evaluation, GroupEvaluation
from medeval.stats.leaderboard import (
    ExecutionFacts,
    LeaderboardFacts,
    ModelFacts,
    Released,
    SiteFacts,
    build,
)

EDGES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def a_digest(word: str) -> str:
    """A digest that stands for `word`."""
    return digest_of(word.encode())


def a_cube(kind: str, *tasks: str) -> dict[str, object]:
    """A cube of a spec, as plain values."""
    archive = {"digest": a_digest(kind), "size_bytes": 10}
    manifest = {
        "format": "medeval/mlcube@1",
        "name": kind,
        "version": "1.0.0",
        "kind": kind,
        "summary": f"A {kind}",
        "tasks": tasks,
    }
    return {"cube": {"manifest": manifest, "package": {"kind": "source", "archive": archive}}}


def a_spec(**changes: object) -> BenchmarkSpec:
    """A benchmark of AUROC and accuracy, with changes."""
    plain = {
        "format": "medeval/benchmark@1",
        "name": "breast",
        "version": "1.0.0",
        "title": "Breast masses at five sites",
        "question": "Which model tells malignant masses from benign ones, and does it hold at every site?",
        "data_class": "public",
        "data_label": "artificial sites, cut from one public data set",
        "model_interface": {"features": ["a"]},
        "metrics": [{"name": "auroc"}, {"name": "accuracy"}, {"name": "ppv"}],
        "analysis": an_analysis(),
        "preparator": a_cube("preparator", "prepare", "sanity_check", "statistics"),
        "evaluator": a_cube("evaluator", "evaluate"),
        "rehearsal": {"digest": a_digest("rehearsal"), "size_bytes": 10},
    }
    return BenchmarkSpec.from_plain(plain | changes)


def an_analysis(primary: str = "auroc", **changes: object) -> dict[str, object]:
    """A plan of a binary classification with ten bins, and few bootstrap replicates."""
    plan = {"task": "binary-classification", "primary_metric": primary, "score_edges": EDGES, "replicates": 200}
    return plan | changes


#: The rules of hospitals but for the merging and rounding of counts, which would hide what most tests look at.
STRICT_RULES: dict[str, object] = {
    "name": "strict",
    "min_cases": 100,
    "min_per_class": 10,
    "min_cell": 0,
    "round_to": 1,
    "max_numbers": 200,
    "max_bits": 1_000_000,
}
STRICT = DisclosurePolicy.model_validate(STRICT_RULES)
PLAN = a_spec().analysis


def an_evaluation(n0: tuple[int, ...], n1: tuple[int, ...]) -> Evaluation:
    """An evaluation whose score table has ten bins, with every score in the middle of its bin."""
    # sums count thousandths: the middle of bin i is 50 + 100 i of them
    sums = tuple(Wide.of((a + b) * (50 + 100 * place)) for place, (a, b) in enumerate(zip(n0, n1, strict=True)))
    table = ScoreTable(edges=EDGES, positive_when=PositiveWhen.ABOVE, resolution=0.001, n0=n0, n1=n1, sums=sums)
    return Evaluation(format="medeval/evaluation@1", cases=sum(n0) + sum(n1), states=(table,))


def provenance(kind: str = "image") -> Provenance:
    """Docker images, or source folders in bubblewrap."""
    cube = CubeRecord.from_plain({"kind": kind, "digest": a_digest("cube")})
    runtime = {"runtime": "docker", "version": "20.10.24", "level": 2}
    if kind == "source":
        runtime = {"runtime": "bubblewrap", "version": "0.8.0", "level": 1}
    return Provenance(
        medeval="0.1.0",
        sandbox=SandboxRecord.from_plain(runtime),
        model=cube,
        weights=None,
        evaluator=cube,
        preparator=cube,
    )


GOOD = {
    "north": an_evaluation((40, 12, 6, 4, 2, 1, 1, 0, 0, 0), (0, 0, 1, 1, 2, 3, 4, 6, 12, 25)),
    "east": an_evaluation((30, 14, 8, 5, 3, 3, 1, 1, 0, 0), (1, 1, 1, 2, 3, 3, 5, 6, 10, 18)),
    "south": an_evaluation((50, 9, 3, 1, 1, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 1, 0, 1, 2, 4)),
    "west": an_evaluation((20, 14, 12, 9, 6, 5, 4, 3, 1, 1), (2, 2, 3, 3, 4, 5, 5, 6, 7, 8)),
    "coast": an_evaluation((52, 8, 3, 1, 0, 0, 0, 0, 0, 0), (0,) * 10),
}
FAIR = {
    "north": an_evaluation((25, 14, 9, 6, 5, 3, 2, 1, 1, 0), (1, 1, 3, 4, 4, 6, 7, 8, 10, 10)),
    "east": an_evaluation((22, 14, 9, 7, 5, 4, 2, 1, 1, 0), (1, 2, 3, 3, 4, 5, 6, 8, 9, 9)),
    "west": an_evaluation((15, 12, 12, 10, 8, 7, 5, 3, 2, 1), (3, 3, 4, 4, 5, 5, 5, 5, 6, 5)),
}
WEAK = {
    "north": an_evaluation((8, 8, 8, 7, 7, 7, 6, 6, 5, 4), (3, 4, 4, 5, 5, 6, 6, 7, 7, 7)),
    "coast": an_evaluation((64,) + (0,) * 9, (0,) * 10),
}
SITES = {
    "north": "North Hospital",
    "east": "East Hospital",
    "south": "South Clinic",
    "west": "West Hospital",
    "coast": "Coast Screening",
}


def released(model: str, site: str, evaluation: Evaluation, kind: str = "image") -> ExecutionFacts:
    """A released execution."""
    result = Released(evaluation, provenance(kind), a_digest(model + site))
    return ExecutionFacts(f"{model}@1.0.0", f"{site}/masses", ExecutionState.RELEASED, result)


def not_released(model: str, site: str, state: ExecutionState, reason: str) -> ExecutionFacts:
    """A failed or withheld execution."""
    return ExecutionFacts(f"{model}@1.0.0", f"{site}/masses", state, reason=reason)


def some_facts(kind: str = "image", **changes: object) -> LeaderboardFacts:
    """Three models: one at all sites, one withheld, one failed; some executions wait; one site has one class only."""
    executions = [released("logistic", site, evaluation, kind) for site, evaluation in GOOD.items()]
    executions += [released("forest", site, evaluation, kind) for site, evaluation in FAIR.items()]
    executions += [released("age-only", site, evaluation, kind) for site, evaluation in WEAK.items()]
    executions.append(not_released("forest", "south", ExecutionState.WITHHELD, "disclosure-risk"))
    executions.append(not_released("age-only", "east", ExecutionState.FAILED, "model-timed-out"))
    values = {
        "spec": a_spec(),
        "digest": a_digest("spec"),
        "models": (
            ModelFacts("age-only@1.0.0", "Benchmark committee", "Age alone, as a baseline"),
            ModelFacts("forest@1.0.0", "Lakeside Analytics", "A random forest"),
            ModelFacts("logistic@1.0.0", "Reference models group", "Logistic regression"),
        ),
        "sites": tuple(SiteFacts(f"{name}/masses", "Masses", title) for name, title in SITES.items()),
        "executions": tuple(executions),
        "log_size": len(executions),
        "log_head": a_digest("log"),
    }
    return LeaderboardFacts(**(values | changes))


def a_board(kind: str = "image", **changes: object) -> Leaderboard:
    """The leaderboard of `some_facts`."""
    return build(some_facts(kind, **changes))


def shifted(evaluation: Evaluation, by: int) -> Evaluation:
    """The same shape with other counts, so that sites differ a little."""
    table = evaluation.states[0]
    assert isinstance(table, ScoreTable)
    n0, n1 = (tuple(n + (place * by) % 5 for place, n in enumerate(counts)) for counts in (table.n0, table.n1))
    return an_evaluation(n0, n1)


def with_groups(women: Evaluation, men: Evaluation) -> Evaluation:
    """Both together, with women and men as the levels of `sex`."""
    groups = tuple(
        GroupEvaluation(name="sex", level=level, cases=item.cases, states=item.states)
        for level, item in (("F", women), ("M", men))
    )
    return women.merge(men).model_copy(update={"groups": groups})


def a_large_board(**changes: object) -> Leaderboard:
    """Eight sites, four models, women and men, comparisons on the same cases: every part of a report is there."""
    places = [f"site-{letter}" for letter in "abcdefgh"]
    shapes = {"logistic": GOOD["east"], "boosted": GOOD["east"], "forest": FAIR["east"], "age-only": WEAK["north"]}
    executions = tuple(
        released(model, place, with_groups(shifted(shape, i + j), shifted(shape, 2 * i)))
        for j, (model, shape) in enumerate(shapes.items())
        for i, place in enumerate(places)
    )
    names = ("auroc", "calibration_slope", "oe", "brier", "net_benefit@0.3", "sensitivity", "calibration_intercept")
    board = a_board(
        spec=a_spec(
            model_interface={"features": ["a"], "groups": {"sex": ["F", "M"]}},
            metrics=[{"name": name} for name in names],
        ),
        models=tuple(ModelFacts(f"{model}@1.0.0", "Reference models group", f"The {model} model") for model in shapes),
        sites=tuple(SiteFacts(f"{place}/masses", "Masses", f"Hospital {place[-1].upper()}") for place in places),
        executions=executions,
        **changes,
    )
    return board.model_copy(update={"comparisons": board.comparisons or SOME_COMPARISONS})


REGIONS = ("a", "b", "c")


def by_region(*sizes: int) -> Evaluation:
    """Cases of three regions, half of them positive, with scores that tell most of them apart."""
    parts = [an_evaluation(*(_spread(n - n // 2), _spread(n // 2)[::-1])) for n in sizes]
    groups = tuple(
        GroupEvaluation(name="region", level=level, cases=part.cases, states=part.states)
        for level, part in zip(REGIONS, parts, strict=True)
    )
    return reduce(Evaluation.merge, parts).model_copy(update={"groups": groups})


def _spread(cases: int) -> tuple[int, ...]:
    """Most cases in the lower bins, some in every other one."""
    shares = [cases * share // 100 for share in (35, 20, 15, 10, 8, 5, 3, 2, 1)]
    return (cases - sum(shares), *shares)


def withholding_sites() -> dict[str, Evaluation]:
    """Eight sites, each with four cases of region `a`: it is withheld, and `b`, which would give it away."""
    return {
        f"site-{letter}": to_releasable(by_region(4, 50 + place, 70), STRICT, PLAN)
        for place, letter in enumerate("abcdefgh")
    }


def a_withholding_board(**changes: object) -> Leaderboard:
    """One model at these sites: one level too small, one suppressed, one shown."""
    sites = withholding_sites()
    return a_board(
        spec=a_spec(model_interface={"features": ["a"], "groups": {"region": list(REGIONS)}}),
        models=(ModelFacts("logistic@1.0.0", "Reference models group", "The logistic model"),),
        sites=tuple(SiteFacts(f"{site}/masses", "Masses", f"Hospital {site[-1].upper()}") for site in sites),
        executions=tuple(released("logistic", site, evaluation) for site, evaluation in sites.items()),
        **changes,
    )


SOME_COMPARISONS = tuple(
    PooledComparison(
        first="logistic@1.0.0",
        second=f"{second}@1.0.0",
        metric="auroc",
        difference=difference,
        low=low,
        high=high,
        p=p / 3,
        p_adjusted=p,
        sites=8,
    )
    for second, difference, low, high, p in (
        ("boosted", 0.0034, -0.01, 0.02, 0.5),
        ("forest", 0.06, 0.02, 0.1, 0.004),
        ("age-only", 0.31, 0.26, 0.37, 0.0001),
    )
)
