"""Answers in words (reports, visual questions): the plan, and joint moments of what each answer scored.

No text leaves a site, and no word count of a single answer: the state holds sums over cases.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from medeval.domain.families.base import Column, Compared, ComparedBy, MetricId, PlanBase, State, parse_metric
from medeval.domain.families.joint import JointMoments, Resolution, joint_numbers
from medeval.errors import ResultRefused

Phrase = Annotated[str, StringConstraints(min_length=1, max_length=200)]
#: Column of the state that each metric is the mean of.
MEAN_OF = {"exact_match": "exact", "token_f1": "token_f1", "refusal_rate": "refusal", "jury_score": "jury"}
_HINT = "Nothing has left. Use the evaluator and the parameters that the benchmark spec pins."


class TextPlan(PlanBase):
    """How answers are compared with the accepted ones.

    `answer` names the column of either file; labels hold the accepted answers with `separator` between them.
    `normalisation` is SQuAD's (lower case, no ASCII punctuation, no English article, single spaces) or `none` (outer
    spaces alone). An answer that holds one of `refusals`, as whole words, counts as refused, and so does an empty one.
    `score_resolution` is the step to which token F1 and a jury's score are rounded before they are summed. With `jury`,
    predictions have a column `jury`: a score in [0, 1] that another model gave the answer.
    """

    task: Literal["text"] = "text"
    primary_metric: MetricId = "exact_match"
    answer: Column = "answer"
    separator: Annotated[str, StringConstraints(min_length=1, max_length=5)] = "|"
    normalisation: Literal["squad", "none"] = "squad"
    refusals: tuple[Phrase, ...] = Field(default=(), max_length=100)
    jury: bool = False
    score_resolution: Resolution = 0.001
    exact_scalars: Literal[False] = False

    @property
    def holds_exact_values(self) -> bool:
        """Whether a result holds sums of unrounded values."""
        return self.score_resolution == "exact"

    def dull_row(self, score: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """No answer, of which the jury thinks nothing."""
        del score
        return (self.answer, *self.columns[4:]), ("", *("0" for _ in self.columns[4:]))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the state."""
        return ("one", "exact", "token_f1", "refusal", *(("jury",) if self.jury else ()))

    def check_metric(self, name: str) -> None:
        """Raise ValueError for what is no mean over answers that this plan asks for."""
        parts = parse_metric(name)
        if parts.at is not None or parts.of is not None or MEAN_OF.get(parts.base) not in self.columns:
            raise ValueError(f"{name} is no metric of this plan's answers")

    def check_states(self, cases: int, states: tuple[State, ...]) -> tuple[int, ...]:
        """No classes; raises `ResultRefused` unless there is the one state, and it could be of so many answers."""
        state = states[0] if len(states) == 1 else None
        if not isinstance(state, JointMoments) or state.columns != self.columns:
            raise ResultRefused("states: must be the joint moments of the answers", _HINT)
        state.check(cases, 0)
        state.check_bounds(dict.fromkeys(self.columns, (0.0, 1.0)), 0)
        state.check_whole(("exact", "refusal"), 0)
        return ()

    def compared(self, metrics: tuple[str, ...]) -> tuple[Compared, ...]:
        """The primary metric, answer by answer; what is true or not of an answer by counts."""
        del metrics
        shares = ("exact_match", "refusal_rate")
        by = ComparedBy.DISCORDANT if self.primary_metric in shares else ComparedBy.MOMENTS
        return (Compared(self.primary_metric, by),)

    def numbers(self) -> int:
        """The joint moments of four or five columns."""
        return joint_numbers(len(self.columns))
