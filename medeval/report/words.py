"""What each metric is called, what it means, and how it is drawn: one table for every task family."""

from dataclasses import dataclass
from enum import StrEnum

from medeval.domain.benchmark import Direction, Metric
from medeval.domain.families.base import parse_metric


class Range(StrEnum):
    """What kind of axis a metric needs."""

    UNIT = "from 0 to 1, where 1 is good"
    SMALL = "from 0 to 1, where 0 is good"
    SIGNED = "up to 1, may be negative"
    RATIO = "above 0, on a logarithmic axis"
    AMOUNT = "0 or more"
    REAL = "any number"


@dataclass(frozen=True)
class MetricWord:
    """The word and meaning of a metric; the fixed edges of its heat steps (none: figures alone); its line of reference.

    Edges rise for metrics of which more is better and fall for those of which less is.
    """

    word: str
    meaning: str
    range: Range
    edges: tuple[float, ...] = ()
    reference: tuple[float, str] | None = None
    unit: str = ""


_RANKING = (0.65, 0.70, 0.75, 0.80, 0.85, 0.90)
_SHARE = (0.50, 0.60, 0.70, 0.80, 0.90, 0.95)
_AGREEMENT = (0.0, 0.20, 0.40, 0.60, 0.80, 0.90)
_ERROR = (0.30, 0.25, 0.20, 0.15, 0.10, 0.05)
_GAP = (0.20, 0.15, 0.10, 0.05, 0.02, 0.01)
_CHANCE = (0.5, "chance")


def _ranking(word: str, meaning: str) -> MetricWord:
    return MetricWord(word, f"{meaning} 0.5 is chance, 1 is perfect.", Range.UNIT, _RANKING, _CHANCE)


def _share(word: str, meaning: str) -> MetricWord:
    return MetricWord(word, meaning, Range.UNIT, _SHARE)


def _agreement(word: str, meaning: str, zero: str = "chance") -> MetricWord:
    return MetricWord(word, meaning, Range.SIGNED, _AGREEMENT, (0.0, zero))


def _error(word: str, meaning: str, edges: tuple[float, ...] = _ERROR) -> MetricWord:
    return MetricWord(word, meaning, Range.SMALL, edges)


def _ratio(word: str, meaning: str, one: str) -> MetricWord:
    return MetricWord(word, meaning, Range.RATIO, reference=(1.0, one))


def _amount(word: str, meaning: str, unit: str = "") -> MetricWord:
    return MetricWord(word, meaning, Range.AMOUNT, unit=unit)


def _real(word: str, meaning: str, at: float, line: str) -> MetricWord:
    return MetricWord(word, meaning, Range.REAL, reference=(at, line))


_BASES: dict[str, MetricWord] = {
    # ranking
    "auroc": _ranking("AUROC", "Area under the ROC curve (AUROC):"),
    "macro_auroc": _ranking(
        "macro AUROC", "Mean over classes of the area under the ROC curve of each against the rest:"
    ),
    "auc": _ranking("AUC", "Cumulative/dynamic AUC: who has had the event by then against who has not."),
    "harrell_c": _ranking(
        "Harrell's C", "Harrell's C: the share of comparable pairs ranked in the order of their events."
    ),
    "uno_c": _ranking(
        "Uno's C", "Uno's C: the share of pairs ranked in the order of their events, weighted for censoring."
    ),
    "average_precision": _share(
        "average precision", "Average precision: precision averaged over recall; its chance level is the prevalence."
    ),
    # decisions
    "accuracy": _share("accuracy", "Accuracy: the share of right decisions."),
    "balanced_accuracy": _share("balanced accuracy", "Balanced accuracy: the mean over classes of the share found."),
    "sensitivity": _share("sensitivity", "Sensitivity: the share of positive cases that are found."),
    "specificity": _share("specificity", "Specificity: the share of negative cases that are called negative."),
    "ppv": _share("PPV", "Positive predictive value (PPV): the share of positive cases among those called positive."),
    "npv": _share("NPV", "Negative predictive value (NPV): the share of negative cases among those called negative."),
    "precision": _share("precision", "Precision: the share of right ones among those called positive."),
    "recall": _share("recall", "Recall: the share of positive ones that are found."),
    "f1": _share("F1", "F1: the harmonic mean of precision and recall."),
    "macro_f1": _share("macro F1", "Macro F1: the mean over classes of F1; every class weighs the same."),
    "micro_f1": _share("micro F1", "Micro F1: F1 of all decisions together; frequent classes weigh more."),
    "exact_match": _share("exact match", "Exact match: the share of cases that are right in full."),
    "mcc": _agreement("MCC", "Matthews' correlation coefficient (MCC): 0 is chance, 1 is perfect."),
    "kappa": _agreement("kappa", "Cohen's kappa: agreement beyond chance; 0 is chance, 1 is perfect."),
    "quadratic_kappa": _agreement(
        "weighted kappa",
        "Kappa with quadratic weights: agreement beyond chance, far misses count more; 0 is chance, 1 is perfect.",
    ),
    "youden": _agreement("Youden's J", "Youden's J: sensitivity plus specificity less 1; 0 is chance, 1 is perfect."),
    "lr_positive": _ratio(
        "LR+",
        "Positive likelihood ratio (LR+): how much a positive call raises the odds; 1 says nothing.",
        "says nothing",
    ),
    "lr_negative": _ratio(
        "LR-",
        "Negative likelihood ratio (LR-): what a negative call leaves of the odds; 1 says nothing.",
        "says nothing",
    ),
    "net_benefit": _real(
        "net benefit",
        "Net benefit per case: true positives less false ones, weighed by the odds of "
        "the threshold; 0 is treating no one.",
        0.0,
        "treat no one",
    ),
    # risks
    "brier": _error("Brier score", "Brier score: the mean squared error of the predicted risk."),
    "ibs": _error("IBS", "Integrated Brier score (IBS): the Brier score averaged over time."),
    "ece": _error(
        "ECE", "Expected calibration error (ECE): the mean gap between predicted and observed, over bins.", _GAP
    ),
    "ici": _error(
        "ICI",
        "Integrated calibration index (ICI): the mean gap between predicted risk and the smooth calibration curve.",
        _GAP,
    ),
    "oe": _ratio("O:E", "Observed to expected events (O:E): 1 is right; above 1 the model predicts too few.", "right"),
    "calibration_intercept": _real(
        "calibration intercept",
        "Calibration intercept: 0 is right; below 0 risks are too high on average.",
        0.0,
        "right",
    ),
    "calibration_slope": _real(
        "calibration slope", "Calibration slope: 1 is right; below 1 risks are too extreme.", 1.0, "right"
    ),
    # segmentation
    "dsc": _share("DSC", "Dice similarity coefficient (DSC): the overlap of mask and reference; 1 is perfect."),
    "micro_dice": _share("micro Dice", "Micro Dice: the Dice coefficient of the voxels of all cases together."),
    "iou": _share("IoU", "Intersection over union (IoU) of mask and reference; 1 is perfect."),
    "nsd": _share("NSD", "Normalised surface Dice (NSD): the share of both surfaces that lie within the tolerance."),
    "hd95": _amount("HD95", "95th percentile of the distance between the surfaces (HD95), in mm.", "mm"),
    "assd": _amount("ASSD", "Average symmetric distance between the surfaces (ASSD), in mm.", "mm"),
    # detection
    "ap": _share("AP", "Average precision (AP): precision averaged over recall, at this overlap."),
    "map": _share("mAP", "Mean average precision (mAP) over the overlaps of the plan."),
    "pq": _share("PQ", "Panoptic quality (PQ): the mean overlap of hits, less for each miss and each false alarm."),
    "froc": _share("FROC score", "FROC score: the mean sensitivity over the false-positive rates of the plan."),
    # regression
    "mae": _amount("MAE", "Mean absolute error (MAE), in the unit of the label."),
    "rmse": _amount("RMSE", "Root mean squared error (RMSE), in the unit of the label."),
    "r2": _agreement("R²", "R²: the share of the variance that is predicted; 0 is as good as the mean.", "the mean"),
    "ccc": _agreement("CCC", "Lin's concordance correlation coefficient (CCC): 1 is perfect agreement.", "none"),
    "bias": _real(
        "bias", "Bias: the mean of prediction less label, in the unit of the label; 0 is right.", 0.0, "right"
    ),
    "loa_low": _real(
        "lower limit of agreement",
        "Below it lie 2.5% of differences (Bland and Altman), in the unit of the label.",
        0.0,
        "no difference",
    ),
    "loa_high": _real(
        "upper limit of agreement",
        "Above it lie 2.5% of differences (Bland and Altman), in the unit of the label.",
        0.0,
        "no difference",
    ),
    # text
    "token_f1": _share("token F1", "Token F1: the overlap of words of answer and accepted answer."),
    "refusal_rate": _error(
        "refusal rate", "Refusal rate: the share of questions not answered.", (0.5, 0.2, 0.1, 0.05, 0.02, 0.01)
    ),
    "jury_score": _share("jury score", "Jury score: the mean score that another model gave the answers."),
}


def known_metrics() -> tuple[str, ...]:
    """The names without threshold and structure."""
    return (*_BASES, "fbeta")


def word_for(name: str) -> MetricWord:
    """The words of a metric; one that this version does not know is shown under its own name, without colour."""
    parts = parse_metric(name)
    if parts.base == "fbeta":
        return _share(
            f"F{parts.at:g}", f"F{parts.at:g}: precision and recall, of which recall counts {parts.at:g} times."
        )
    plain = MetricWord(parts.base.replace("_", " "), "", Range.REAL)
    return _BASES.get(parts.base, plain)


def label_of(name: str) -> str:
    """`AUROC`, `net benefit at 0.2`, `NSD at 2 mm, anterior`."""
    parts, words = parse_metric(name), word_for(name)
    at = "" if parts.at is None or parts.base == "fbeta" else _at(parts.base, parts.at)
    return words.word + at + (f", {parts.of}" if parts.of else "")


def _at(base: str, at: float) -> str:
    if base == "nsd":
        return f" at {at:g} mm"
    if base == "ap":
        return f" at IoU {at:g}"
    # a threshold lies below 1; from 1 on it is a rate of false positives
    return f" at {at:g} FP/image" if base == "sensitivity" and at >= 1 else f" at {at:g}"


def meaning_of(metric: Metric) -> str:
    """What the metric says, and which way is better."""
    return f"{word_for(metric.name).meaning} {better_words(metric).capitalize()}.".strip()


def better_words(metric: Metric) -> str:
    """`higher is better`, `lower is better`, `the nearer to 1 the better`."""
    if metric.direction is Direction.TARGET:
        return f"the nearer to {metric.target:g} the better"
    return f"{metric.direction.value} is better"
