"""The metrics of several classes against scikit-learn and statsmodels, and where there is none."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

from medeval.domain.estimate import Method, NotEstimable, Reason
from medeval.domain.families.binary import AT_A_THRESHOLD, OF_THE_TABLE
from medeval.domain.families.classes import MulticlassPlan, MultilabelPlan
from medeval.domain.result import Evaluation
from medeval.errors import ResultRefused
from medeval.metrics.classes import decide, multiclass_states, multilabel_states
from medeval.metrics.exact import cluster_sizes
from medeval.stats.families import binary
from medeval.stats.families.classes import measure
from medeval.stats.measure import Measured, Scale
from tests.binary_cases import a_plan, evaluated

NAMES = ("none", "mild", "severe")
EDGES = tuple(float(edge) for edge in np.linspace(0, 1, 201))
ONE = MulticlassPlan(classes=NAMES, score_edges=EDGES, score_resolution="exact")
MANY = MultilabelPlan(classes=NAMES, score_edges=EDGES, score_resolution="exact")
WHOLE = ("accuracy", "balanced_accuracy", "macro_f1", "micro_f1", "kappa", "quadratic_kappa", "mcc", "macro_auroc")
OF_ONE = ("sensitivity", "specificity", "ppv", "npv", "f1", "auroc", "average_precision", "brier", "ece")


def evaluation(plan: Any, labels: np.ndarray, scores: np.ndarray, cluster: np.ndarray | None = None) -> Evaluation:
    analysis = plan.model_dump(mode="json")
    if plan.task == "multiclass-classification":
        states = multiclass_states(labels, scores, analysis)
    else:
        states = multilabel_states(labels, scores, analysis, cluster)
    plain = {"format": "medeval/evaluation@1", "cases": len(labels), "states": states}
    if cluster is not None:
        plain["clusters"] = cluster_sizes(np.bincount(cluster).astype(np.int64))
    found = Evaluation.from_plain(plain)
    plan.check_states(found.cases, found.states)
    return found


def get(plan: Any, name: str, *cases: Any) -> Measured:
    plan.check_metric(name)
    found = measure(evaluation(plan, *cases), name, plan)
    assert isinstance(found, Measured), found
    assert found.low <= found.value <= found.high
    assert found.low < found.high
    assert found.variance > 0
    return found


def sample(seed: int, n: int = 150, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.choice(classes, n, p=np.arange(classes, 0, -1) / (classes * (classes + 1) / 2))
    logits = rng.normal(0, 1, (n, classes)) + 1.5 * np.eye(classes)[labels]
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return labels, np.round(scores, 4) + [[1, *[0] * (classes - 1)]] * (1 - np.round(scores, 4).sum(axis=1))[:, None]


def labelled(seed: int, n: int = 150) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.random((n, 3)) < [0.5, 0.3, 0.2]
    return truth, 1 / (1 + np.exp(-rng.normal(2 * truth - 1, 1)))


@pytest.mark.parametrize("seed", range(5))
def test_metrics_of_the_matrix_are_those_of_scikit_learn(seed: int) -> None:
    labels, scores = sample(seed)
    decided = decide(scores, "first")
    expected = {
        "accuracy": sk.accuracy_score(labels, decided),
        "balanced_accuracy": sk.balanced_accuracy_score(labels, decided),
        "macro_f1": sk.f1_score(labels, decided, average="macro"),
        "micro_f1": sk.f1_score(labels, decided, average="micro"),
        "kappa": sk.cohen_kappa_score(labels, decided),
        "quadratic_kappa": sk.cohen_kappa_score(labels, decided, weights="quadratic"),
        "mcc": sk.matthews_corrcoef(labels, decided),
    }
    for place, name in enumerate(NAMES):
        for metric, score in (("sensitivity", sk.recall_score), ("ppv", sk.precision_score), ("f1", sk.f1_score)):
            expected[f"{metric}/{name}"] = score(labels, decided, average=None, labels=[place])[0]
        others = labels != place, decided != place
        expected[f"specificity/{name}"] = sk.recall_score(*others)
        expected[f"npv/{name}"] = sk.precision_score(*others)
    assert {name: get(ONE, name, labels, scores).value for name in expected} == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_aurocs_are_those_of_scikit_learn_within_their_bounds(seed: int) -> None:
    labels, scores = sample(seed)
    macro = get(ONE, "macro_auroc", labels, scores)
    assert 0 < macro.bound < 0.02
    assert abs(macro.value - sk.roc_auc_score(labels, scores, multi_class="ovr", average="macro")) <= macro.bound
    for place, name in enumerate(NAMES):
        found = get(ONE, f"auroc/{name}", labels, scores)
        assert abs(found.value - sk.roc_auc_score(labels == place, scores[:, place])) <= found.bound


@pytest.mark.parametrize("name", sorted(OF_THE_TABLE | AT_A_THRESHOLD | {"fbeta@2", "net_benefit@0.25"}))
def test_a_class_against_the_rest_is_a_binary_classification(name: str) -> None:
    """Which has references of its own: the same table, and so the same value and interval."""
    labels, scores = sample(2)
    truth, marks = labelled(2)
    found = []
    if name in OF_THE_TABLE:
        found.append((get(ONE, f"{name}/mild", labels, scores), labels == 1, scores[:, 1]))
    found.append((get(MANY, f"{name}/mild", truth, marks), truth[:, 1], marks[:, 1]))
    for measured, of_class, score in found:
        plan = a_plan(EDGES, threshold=0.5)
        alone = binary.measure(evaluated(of_class, score, plan), name, plan)
        assert isinstance(alone, Measured)
        assert (measured.value, measured.bound) == (pytest.approx(alone.value, rel=1e-12), alone.bound)
        assert (measured.low, measured.high) == pytest.approx((alone.low, alone.high), rel=1e-9)


def test_two_classes_are_a_binary_classification() -> None:
    labels, scores = sample(0, classes=2)
    plan = MulticlassPlan(classes=("no", "yes"), score_edges=EDGES, score_resolution="exact")
    one, other = (get(plan, f"auroc/{name}", labels, scores) for name in plan.classes)
    macro = get(plan, "macro_auroc", labels, scores)
    assert one.value == pytest.approx(other.value, abs=one.bound + other.bound)
    assert macro.value == pytest.approx((one.value + other.value) / 2)
    # both classes are one question, so the bound on the standard error of the mean is reached
    assert macro.variance == pytest.approx(one.variance, rel=0.05)


def test_proportions_have_wilson_intervals() -> None:
    labels, scores = sample(1)
    hits = int((decide(scores, "first") == labels).sum())
    found = get(ONE, "accuracy", labels, scores)
    assert (found.low, found.high) == pytest.approx(proportion_confint(hits, 150, method="wilson"))
    assert (found.method, found.scale) == (Method.WILSON, Scale.LOGIT)


def test_the_bootstrap_of_kappa_has_its_asymptotic_error() -> None:
    labels, scores = sample(2, 400)
    table = sk.confusion_matrix(labels, decide(scores, "first"))
    weights = (np.arange(3)[:, None] - np.arange(3)[None, :]) ** 2
    for name, expected in (("kappa", cohens_kappa(table)), ("quadratic_kappa", cohens_kappa(table, weights=weights))):
        found = get(ONE, name, labels, scores)
        assert found.value == pytest.approx(expected.kappa)
        assert found.variance == pytest.approx(expected.var_kappa, rel=0.15)
        assert found.low == pytest.approx(expected.kappa_low, abs=0.03)


def test_patients_widen_intervals_as_if_their_cases_were_one() -> None:
    labels, scores = sample(3)
    four = np.repeat(labels, 4), np.repeat(scores, 4, axis=0), np.repeat(np.arange(150), 4)
    for name in ("accuracy", "macro_f1", "quadratic_kappa", "macro_auroc", "f1/mild"):
        once, again = get(ONE, name, labels, scores), get(ONE, name, *four)
        assert again.value == pytest.approx(once.value)
        assert again.variance == pytest.approx(once.variance, rel=0.1)


@pytest.mark.parametrize("seed", range(3))
def test_multilabel_metrics_are_those_of_scikit_learn(seed: int) -> None:
    truth, scores = labelled(seed)
    called = scores > 0.5
    expected = {
        "macro_f1": sk.f1_score(truth, called, average="macro"),
        "micro_f1": sk.f1_score(truth, called, average="micro"),
        "exact_match": sk.accuracy_score(truth, called),
        "sensitivity/mild": sk.recall_score(truth[:, 1], called[:, 1]),
        "f1/severe": sk.f1_score(truth[:, 2], called[:, 2]),
        "ppv@0.25/mild": sk.precision_score(truth[:, 1], scores[:, 1] > 0.25),
        "brier/mild": sk.brier_score_loss(truth[:, 1], scores[:, 1]),
    }
    found = {name: get(MANY, name, truth, scores) for name in expected}
    for name, value in expected.items():
        assert abs(found[name].value - value) <= found[name].bound + 1e-12, name
    macro = get(MANY, "macro_auroc", truth, scores)
    assert abs(macro.value - sk.roc_auc_score(truth, scores, average="macro")) <= macro.bound


def test_micro_f1_has_the_variance_of_a_bootstrap_of_patients() -> None:
    truth, scores = labelled(4, 300)
    cluster = np.repeat(np.arange(100), 3)
    truth, scores = truth[cluster * 3], scores[cluster * 3]
    rng = np.random.default_rng(0)
    drawn = [rng.integers(0, 100, 100) for _ in range(400)]
    values = [sk.f1_score(truth[some * 3], scores[some * 3] > 0.5, average="micro") for some in drawn]
    found = get(MANY, "micro_f1", truth, scores, cluster)
    assert found.variance == pytest.approx(np.var(values, ddof=1), rel=0.25)
    assert found.method is Method.LINEARISED


def test_a_perfect_model_is_not_certain() -> None:
    labels = np.arange(30) % 3
    scores = np.eye(3)[labels]
    for name in (*WHOLE, *(f"{metric}/mild" for metric in ("sensitivity", "f1", "auroc"))):
        found = get(ONE, name, labels, scores)
        assert found.value == 1
        assert found.low < 0.999
    for name in ("micro_f1", "macro_f1", "exact_match", "macro_auroc"):
        assert get(MANY, name, np.eye(3, dtype=bool)[labels], scores).low < 0.999


def reason(plan: Any, name: str, *cases: Any) -> Reason:
    plan.check_metric(name)
    found = measure(evaluation(plan, *cases), name, plan)
    assert isinstance(found, NotEstimable), found
    return found.reason


EMPTY = np.zeros(0, dtype=np.int64), np.zeros((0, 3))


@pytest.mark.parametrize("name", [*WHOLE, *(f"{metric}/mild" for metric in OF_ONE)])
def test_no_case(name: str) -> None:
    assert reason(ONE, name, *EMPTY) is Reason.NO_CASES


def test_one_class_only() -> None:
    labels, scores = sample(0)
    alone = labels[labels == 0], scores[labels == 0]
    for name in ("kappa", "quadratic_kappa", "mcc", "macro_auroc"):
        assert reason(ONE, name, *alone) is Reason.ONE_CLASS_ONLY
    assert reason(ONE, "macro_f1", *alone) is Reason.CLASS_ABSENT
    assert reason(ONE, "sensitivity/mild", *alone) is Reason.NO_POSITIVE_CASE
    assert reason(ONE, "auroc/mild", *alone) is Reason.ONE_CLASS_ONLY
    assert 0 < get(ONE, "accuracy", *alone).value < 1


def test_a_class_absent_from_the_truth() -> None:
    labels, scores = sample(0)
    two = labels[labels < 2], scores[labels < 2]
    for name in ("macro_f1", "balanced_accuracy", "macro_auroc"):
        assert reason(ONE, name, *two) is Reason.CLASS_ABSENT
    assert get(ONE, "quadratic_kappa", *two).value == pytest.approx(
        sk.cohen_kappa_score(two[0], decide(two[1], "first"), weights="quadratic")
    )


def test_a_class_that_is_never_predicted() -> None:
    labels = np.array([0, 1, 2] * 20)
    scores = np.tile([[0.6, 0.4, 0.0], [0.2, 0.8, 0.0], [0.5, 0.4, 0.1]], (20, 1))
    assert reason(ONE, "ppv/severe", labels, scores) is Reason.NO_POSITIVE_DECISION
    assert get(ONE, "f1/severe", labels, scores).value == 0
    assert get(ONE, "macro_f1", labels, scores).value == pytest.approx(
        sk.f1_score(labels, decide(scores, "first"), average="macro")
    )


def test_a_class_of_neither_truth_nor_decision() -> None:
    labels, scores = np.array([0, 1] * 10), np.tile([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0]], (10, 1))
    assert reason(ONE, "f1/severe", labels, scores) is Reason.CLASS_UNUSED


def test_one_decision_for_all_is_worth_nothing() -> None:
    labels, _ = sample(0)
    alike = np.tile([0.8, 0.1, 0.1], (len(labels), 1))
    assert get(ONE, "mcc", labels, alike).value == sk.matthews_corrcoef(labels, decide(alike, "first")) == 0
    assert get(ONE, "kappa", labels, alike).value == pytest.approx(0)
    assert get(ONE, "macro_auroc", labels, alike).value == 0.5


def test_one_case() -> None:
    one = np.array([1]), np.array([[0.2, 0.7, 0.1]])
    assert get(ONE, "accuracy", *one).low < 0.3
    assert reason(ONE, "macro_f1", *one) is Reason.CLASS_ABSENT
    assert get(MANY, "exact_match", np.array([[False, True, False]]), one[1]).n == 1
    assert get(MANY, "micro_f1", np.array([[False, True, False]]), one[1]).value == 1


def test_labels_that_no_case_has() -> None:
    truth, scores = np.zeros((20, 3), dtype=bool), np.full((20, 3), 0.2)
    assert reason(MANY, "micro_f1", truth, scores) is Reason.NO_POSITIVE_CASE
    assert reason(MANY, "macro_f1", truth, scores) is Reason.CLASS_ABSENT
    assert get(MANY, "exact_match", truth, scores).value == 1
    assert get(MANY, "micro_f1", truth, np.full((20, 3), 0.9)).value == 0


@given(labels=st.lists(st.integers(0, 2), max_size=8), seed=st.integers(0, 99), name=st.sampled_from(WHOLE))
def test_every_sample_has_a_value_or_a_reason(labels: list, seed: int, name: str) -> None:
    scores = np.random.default_rng(seed).dirichlet([0.3, 0.3, 0.3], len(labels))
    found = measure(evaluation(ONE, np.array(labels, dtype=np.int64), scores), name, ONE)
    if isinstance(found, Measured):
        estimate = found.to_estimate()
        assert np.isfinite([estimate.value, estimate.low, estimate.high, found.effect]).all()
        assert 0 < found.variance < np.inf
        assert estimate.low < estimate.high


@pytest.mark.parametrize("name", ["auroc", "macro_auroc/mild", "f1/moderate", "f1@0.5/mild", "exact_match", "mae"])
def test_no_metric_of_a_multiclass_plan(name: str) -> None:
    with pytest.raises(ValueError, match=r"metric"):
        ONE.check_metric(name)


@pytest.mark.parametrize("name", ["auroc", "kappa", "f1/moderate", "f1@0.123/mild", "accuracy", "mae/mild"])
def test_no_metric_of_a_multilabel_plan(name: str) -> None:
    with pytest.raises(ValueError, match=r"metric|must be taken"):
        MANY.check_metric(name)


def test_a_plan_names_each_class_once() -> None:
    with pytest.raises(ValueError, match="stands twice"):
        MulticlassPlan(classes=("a", "a"), score_edges=EDGES)


def test_states_that_contradict_each_other_are_refused() -> None:
    honest = evaluation(ONE, *sample(0))
    other = evaluation(ONE, *sample(1))
    with pytest.raises(ResultRefused, match="count other cases"):
        ONE.check_states(150, (honest.states[0], *other.states[1:]))
    with pytest.raises(ResultRefused, match="one score table for each class"):
        ONE.check_states(150, honest.states[:-1])
    with pytest.raises(ResultRefused, match="must be the confusion matrix"):
        ONE.check_states(150, honest.states[1:])
    with pytest.raises(ResultRefused, match="tie rule"):
        ONE.model_copy(update={"tie_rule": "last"}).check_states(150, honest.states)
    many, another = evaluation(MANY, *labelled(0)), evaluation(MANY, *labelled(1))
    with pytest.raises(ResultRefused, match="does not count what the score tables count"):
        MANY.check_states(150, (*many.states[:-1], another.states[-1]))
    with pytest.raises(ResultRefused, match="must end in the joint moments"):
        MANY.check_states(150, many.states[:-1])


def test_golden() -> None:
    found = {name: get(ONE, name, *sample(0)) for name in WHOLE}
    assert {name: (round(m.value, 9), round(m.low, 9), round(m.high, 9)) for name, m in found.items()} == GOLDEN


GOLDEN = {
    "accuracy": (0.766666667, 0.692842185, 0.827173685),
    "balanced_accuracy": (0.748844625, 0.66766188, 0.824369889),
    "macro_f1": (0.746286393, 0.664003756, 0.819428359),
    "micro_f1": (0.766666667, 0.692842185, 0.827173685),
    "kappa": (0.636828998, 0.521804617, 0.735064347),
    "quadratic_kappa": (0.596803487, 0.433905205, 0.730934567),
    "mcc": (0.637011902, 0.523265197, 0.736743145),
    "macro_auroc": (0.908918088, 0.846764522, 0.947426873),
}
