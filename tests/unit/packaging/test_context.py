"""What is packed: the cube's own files, the parts of medeval that it needs, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from medeval.errors import SpecError
from medeval.packaging.context import staged
from medeval.packaging.manifest import load_manifest

OWN_FILES = {"mlcube.yaml", "Dockerfile", "README.md", "src/main.py", "src/deeper/part.py"}


def names_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_caches_tests_and_hidden_files_stay_out(folder):
    with staged(folder, load_manifest(folder)) as context:
        assert names_of(context) == OWN_FILES
    assert not context.exists()


def test_weights_are_no_part_of_a_package(folder):
    manifest = load_manifest(folder).model_copy(update={"weights": "model.bin"})
    (folder / "model.bin").write_bytes(b"weights")
    (folder / "src" / "model.bin").write_bytes(b"not these")
    with staged(folder, manifest) as context:
        assert names_of(context) == OWN_FILES | {"src/model.bin"}


def test_wheels_lie_beside_the_dockerfile(folder, tmp_path):
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "a-1.0-py3-none-any.whl").write_bytes(b"wheel")
    with staged(folder, load_manifest(folder), tmp_path / "wheels") as context:
        assert (context / "wheels" / "a-1.0-py3-none-any.whl").read_bytes() == b"wheel"


@pytest.mark.parametrize("name", ["wheels", "medeval"])
def test_names_that_the_build_takes(folder, name):
    (folder / name).mkdir()
    with pytest.raises(SpecError, match=name), staged(folder, load_manifest(folder)):
        pass


def test_the_parts_of_medeval_need_numpy_alone(folder):
    """Imported where nothing else of medeval's dependencies can be found."""
    manifest = load_manifest(folder).model_copy(update={"medeval": True})
    program = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"pydantic", "rfc8785", "docker", "requests", "scipy", "sklearn", "yaml"}:
            raise ImportError(f"{name} is not in the image")
sys.meta_path.insert(0, Refuse())
import medeval.metrics.binary, medeval.metrics.predictions, medeval.domain.strict_json, medeval.domain.failures
print(medeval.__file__)
"""
    with staged(folder, manifest) as context:
        ended = subprocess.run(
            [sys.executable, "-c", program], cwd=context, capture_output=True, text=True, check=False
        )
        assert ended.stderr == ""
        assert ended.stdout.strip() == str(context / "medeval" / "__init__.py")
        assert not [name for name in names_of(context) if name.endswith(".pyc") and "__pycache__" not in name]
