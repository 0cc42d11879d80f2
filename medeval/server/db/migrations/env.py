"""Alembic's entry: runs the revisions on the connection that `db.migrate` hands over."""

from alembic import context

from medeval.server.db.models import Row

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
