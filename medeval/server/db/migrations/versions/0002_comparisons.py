"""Comparisons of models, and entries of the log that speak of one"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

#: Alembic on SQLite makes the table anew, and does not read this constraint from the old one.
STATE = sa.CheckConstraint("state IN ('pending', 'released', 'withheld', 'failed')", name=op.f("ck_statements_state"))


def upgrade() -> None:
    op.create_table(
        "comparisons",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("benchmark_id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["benchmark_id"], ["benchmarks.id"], name=op.f("fk_comparisons_benchmark_id")),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_comparisons_dataset_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comparisons")),
        sa.UniqueConstraint("digest", name=op.f("uq_comparisons_digest")),
    )
    op.create_index(op.f("ix_comparisons_benchmark_id"), "comparisons", ["benchmark_id"])
    with op.batch_alter_table("statements", table_args=(STATE,) if _is_sqlite() else ()) as statements:
        statements.alter_column("execution_id", existing_type=sa.Integer(), nullable=True)
        statements.add_column(sa.Column("comparison_id", sa.Integer(), nullable=True))
        statements.create_foreign_key(op.f("fk_statements_comparison_id"), "comparisons", ["comparison_id"], ["id"])
        statements.create_index(op.f("ix_statements_comparison_id"), ["comparison_id"])
        statements.create_check_constraint(
            op.f("ck_statements_one_subject"), "(execution_id IS NULL) <> (comparison_id IS NULL)"
        )


def downgrade() -> None:
    # Fails where the log holds a comparison: a log without one of its entries would be another log.
    with op.batch_alter_table("statements", table_args=(STATE,) if _is_sqlite() else ()) as statements:
        statements.drop_constraint(op.f("ck_statements_one_subject"), type_="check")
        statements.drop_index(op.f("ix_statements_comparison_id"))
        statements.drop_constraint(op.f("fk_statements_comparison_id"), type_="foreignkey")
        statements.drop_column("comparison_id")
        statements.alter_column("execution_id", existing_type=sa.Integer(), nullable=False)
    op.drop_index(op.f("ix_comparisons_benchmark_id"), "comparisons")

    op.drop_table("comparisons")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
