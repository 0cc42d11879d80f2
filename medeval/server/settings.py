"""What an operator can set: from the command line, else from `MEDEVAL_SERVER_*`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServerSettings(BaseSettings):
    """Settings of one results server.

    `data_dir` holds the blobs, the first tokens and, without `database_url`, the SQLite database. `port` 0 takes a
    free port (see `server.json`). `idle_s` is how long an upload may send nothing. Sizes are in bytes.
    """

    model_config = SettingsConfigDict(env_prefix="MEDEVAL_SERVER_", frozen=True, extra="forbid")

    data_dir: Path = Path("medeval-server")
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    database_url: str | None = Field(default=None, repr=False)
    max_body_bytes: int = Field(default=4 * 1024**2, ge=1024)
    max_blob_bytes: int = Field(default=64 * 1024**3, ge=1)
    idle_s: float = Field(default=60.0, gt=0)

    @property
    def database(self) -> str:
        """The SQLAlchemy URL of the database: SQLite in `data_dir` unless another is set."""
        if self.database_url is not None:
            return self.database_url
        return f"sqlite:///{self.data_dir / 'medeval.sqlite'}"
