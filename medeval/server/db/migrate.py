"""Brings a database to the newest schema (Alembic); the scripts travel inside the package."""

from alembic import command
from alembic.config import Config

from medeval.server.db.session import Database


def migrate(database: Database) -> None:
    """Upgrade to the newest revision; nothing happens when it is there."""
    config = Config()
    config.set_main_option("script_location", "medeval.server.db:migrations")
    with database.connect_to_migrate() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
