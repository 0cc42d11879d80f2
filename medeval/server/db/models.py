"""The tables. Specs, cards and envelopes are kept as their canonical JSON; columns repeat what is searched for.

Every state column has a CHECK constraint generated from its enum (`domain.lifecycle`). Nothing here decides anything.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, DateTime, Enum, ForeignKey, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column, relationship

from medeval.domain.lifecycle import AssociationState, ExecutionState
from medeval.domain.permissions import Role


def _one_of(enum: type[StrEnum], name: str) -> Enum:
    """Text that the database restricts to the values of an enum."""
    return Enum(
        enum,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=20,
        values_callable=lambda members: [member.value for member in members],
    )


class Row(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """The base of every table."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class AuditRow(Row):
    """Who did what to what, and when; written with every change, never changed."""

    __tablename__ = "audit_events"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    holder: Mapped[str] = mapped_column(String(63))
    organisation: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(20))
    action: Mapped[str] = mapped_column(String(80))
    subject: Mapped[str] = mapped_column(String(200))


class SiteRow(Row):
    """A site with its Ed25519 public key (base64) and that key's fingerprint."""

    __tablename__ = "sites"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    name: Mapped[str] = mapped_column(String(63), unique=True)
    title: Mapped[str] = mapped_column(String(120))
    organisation: Mapped[str] = mapped_column(String(120))
    public_key: Mapped[str] = mapped_column(String(100))
    fingerprint: Mapped[str] = mapped_column(String(71))
    accepted: Mapped[bool] = mapped_column(default=False)


class TokenRow(Row):
    """A token by the sha256 (hex) of its secret; `site` is set for an upload credential alone."""

    __tablename__ = "tokens"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    holder: Mapped[str] = mapped_column(String(63))
    organisation: Mapped[str] = mapped_column(String(120))
    role: Mapped[Role] = mapped_column(_one_of(Role, "role"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    site_id: Mapped[int | None] = mapped_column(ForeignKey("sites.id"), default=None, init=False)
    site: Mapped[SiteRow | None] = relationship(default=None)


class BenchmarkRow(Row):
    """A published benchmark spec."""

    __tablename__ = "benchmarks"
    __table_args__ = (UniqueConstraint("name", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    name: Mapped[str] = mapped_column(String(63))
    version: Mapped[str] = mapped_column(String(20))
    digest: Mapped[str] = mapped_column(String(71), unique=True)
    organisation: Mapped[str] = mapped_column(String(120))
    document: Mapped[str] = mapped_column(Text)


class ModelRow(Row):
    """A submitted model card."""

    __tablename__ = "models"
    __table_args__ = (UniqueConstraint("name", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    name: Mapped[str] = mapped_column(String(63))
    version: Mapped[str] = mapped_column(String(20))
    digest: Mapped[str] = mapped_column(String(71), unique=True)
    organisation: Mapped[str] = mapped_column(String(120))
    document: Mapped[str] = mapped_column(Text)

    @property
    def ref(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"


class DatasetRow(Row):
    """A dataset card, prepared for one benchmark at one site."""

    __tablename__ = "datasets"
    __table_args__ = (UniqueConstraint("site_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    name: Mapped[str] = mapped_column(String(63))
    digest: Mapped[str] = mapped_column(String(71), unique=True)
    document: Mapped[str] = mapped_column(Text)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"), init=False)
    benchmark_id: Mapped[int] = mapped_column(ForeignKey("benchmarks.id"), index=True, init=False)
    site: Mapped[SiteRow] = relationship(lazy="joined", innerjoin=True)
    benchmark: Mapped[BenchmarkRow] = relationship()

    @property
    def ref(self) -> str:
        """`site/name`."""
        return f"{self.site.name}/{self.name}"


class AssociationRow(Row):
    """Consent to use one model or one dataset in a benchmark."""

    __tablename__ = "associations"
    __table_args__ = (
        UniqueConstraint("benchmark_id", "model_id"),
        UniqueConstraint("benchmark_id", "dataset_id"),
        CheckConstraint("(model_id IS NULL) <> (dataset_id IS NULL)", name="one_subject"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    state: Mapped[AssociationState] = mapped_column(_one_of(AssociationState, "state"))
    benchmark_id: Mapped[int] = mapped_column(ForeignKey("benchmarks.id"), init=False)
    model_id: Mapped[int | None] = mapped_column(ForeignKey("models.id"), default=None, init=False)
    dataset_id: Mapped[int | None] = mapped_column(ForeignKey("datasets.id"), default=None, init=False)
    benchmark: Mapped[BenchmarkRow] = relationship()
    model: Mapped[ModelRow | None] = relationship(default=None)
    dataset: Mapped[DatasetRow | None] = relationship(default=None)
    reason: Mapped[str] = mapped_column(Text, default="")


class ExecutionRow(Row):
    """What the server knows of an execution; one without a row is pending."""

    __tablename__ = "executions"
    __table_args__ = (UniqueConstraint("benchmark_id", "model_id", "dataset_id"),)

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    digest: Mapped[str] = mapped_column(String(71), unique=True)
    state: Mapped[ExecutionState] = mapped_column(_one_of(ExecutionState, "state"))
    benchmark_id: Mapped[int] = mapped_column(ForeignKey("benchmarks.id"), init=False)
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id"), init=False)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("datasets.id"), init=False)
    benchmark: Mapped[BenchmarkRow] = relationship()
    model: Mapped[ModelRow] = relationship()
    dataset: Mapped[DatasetRow] = relationship()
    reason: Mapped[str] = mapped_column(String(40), default="")


class ComparisonRow(Row):
    """A released comparison of models on one dataset, by the digest of which models they are."""

    __tablename__ = "comparisons"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    digest: Mapped[str] = mapped_column(String(71), unique=True)
    benchmark_id: Mapped[int] = mapped_column(ForeignKey("benchmarks.id"), index=True, init=False)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("datasets.id"), init=False)
    benchmark: Mapped[BenchmarkRow] = relationship()
    dataset: Mapped[DatasetRow] = relationship()


class StatementRow(Row):
    """An entry of the hash-linked log: a verified envelope, the state it gave, the head after it."""

    __tablename__ = "statements"
    __table_args__ = (CheckConstraint("(execution_id IS NULL) <> (comparison_id IS NULL)", name="one_subject"),)

    log_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    log_head: Mapped[str] = mapped_column(String(71))
    envelope_digest: Mapped[str] = mapped_column(String(71), unique=True)
    envelope: Mapped[str] = mapped_column(Text)
    state: Mapped[ExecutionState] = mapped_column(_one_of(ExecutionState, "state"))
    execution_id: Mapped[int | None] = mapped_column(ForeignKey("executions.id"), index=True, default=None, init=False)
    comparison_id: Mapped[int | None] = mapped_column(
        ForeignKey("comparisons.id"), index=True, default=None, init=False
    )
    execution: Mapped[ExecutionRow | None] = relationship(default=None)
    comparison: Mapped[ComparisonRow | None] = relationship(default=None)


class LogRow(Row):
    """The log's size and head: one row, which an append locks, so that the log cannot fork."""

    __tablename__ = "log"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    size: Mapped[int]
    head: Mapped[str] = mapped_column(String(71))
