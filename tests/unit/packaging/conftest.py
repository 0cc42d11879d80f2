"""A cube's folder, and a store."""

import textwrap
from pathlib import Path

import pytest

from medeval.packaging.store import BlobStore

MANIFEST = """
    format: medeval/mlcube@1
    name: tiny
    version: "1.0.0"
    kind: model
    summary: a tiny model
    tasks: [infer]
"""


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A cube's folder with what belongs into a package and what does not."""
    folder = tmp_path / "tiny"
    files = {
        "mlcube.yaml": textwrap.dedent(MANIFEST),
        "Dockerfile": "FROM python:3.11-slim-bookworm\nCOPY src /cube/src\nWORKDIR /cube\n",
        "README.md": "a card",
        "src/main.py": "pass\n",
        "src/deeper/part.py": "pass\n",
        "src/__pycache__/main.pyc": "cache",
        "tests/test_main.py": "a test",
        ".git/config": "hidden",
        ".env": "hidden",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder
