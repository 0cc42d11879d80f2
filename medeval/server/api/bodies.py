"""The messages that endpoints take in a body, and how the OpenAPI document tells of them."""

from typing import Annotated, Any

from pydantic.json_schema import models_json_schema

from medeval.domain.base import Value
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.dataset import DatasetCard
from medeval.domain.messages import (
    Acceptance,
    Decision,
    NewAssociation,
    NewSite,
    NewToken,
    Problem,
    StatementSubmission,
)
from medeval.domain.package import ModelCard
from medeval.server.deps import body_of

AcceptanceBody = Annotated[Acceptance, body_of(Acceptance)]
CardBody = Annotated[ModelCard, body_of(ModelCard)]
DatasetBody = Annotated[DatasetCard, body_of(DatasetCard)]
DecisionBody = Annotated[Decision, body_of(Decision)]
NewAssociationBody = Annotated[NewAssociation, body_of(NewAssociation)]
NewSiteBody = Annotated[NewSite, body_of(NewSite)]
NewTokenBody = Annotated[NewToken, body_of(NewToken)]
SpecBody = Annotated[BenchmarkSpec, body_of(BenchmarkSpec)]
SubmissionBody = Annotated[StatementSubmission, body_of(StatementSubmission)]

_TAKEN: tuple[type[Value], ...] = (
    Acceptance,
    BenchmarkSpec,
    DatasetCard,
    Decision,
    ModelCard,
    NewAssociation,
    NewSite,
    NewToken,
    StatementSubmission,
)
_TEMPLATE = "#/components/schemas/{model}"


def takes(message: type[Value]) -> dict[str, Any]:
    """The part of an operation's description that names its body."""
    schema = {"$ref": _TEMPLATE.format(model=message.__name__)}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def schemas() -> dict[str, Any]:
    """The JSON Schemas of all bodies and of errors, for the document's components."""
    wanted = [(message, "validation") for message in (*_TAKEN, Problem)]
    _, found = models_json_schema(wanted, ref_template=_TEMPLATE)  # type: ignore[arg-type] # a Literal in a list
    definitions: dict[str, Any] = found["$defs"]
    return definitions
