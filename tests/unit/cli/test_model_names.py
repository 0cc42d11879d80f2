"""Names of models, refused before anything is built, fetched or asked."""

import pytest

from tests.processes import run_medeval


@pytest.mark.parametrize("verb", ["submit", "test"])
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--weights", "good.json", "--weights", "My_model.json"), "My_model.json: 'My_model' is no name of a model"),
        (("--weights", "good.json", "--name", "My_model"), "--name: 'My_model' is no name of a model"),
        (("--name", "a", "--weights", "a.json", "--weights", "b.json"), "--name goes with one weights file"),
    ],
)
def test_a_name_that_is_none(tmp_path, verb, words, told):
    """There is neither a login, nor a folder, nor a file: the name comes first."""
    done = run_medeval(tmp_path, "model", verb, tmp_path / "cube", "--benchmark", "heart", *words)
    assert done.returncode == 2
    assert f"error: {told}" in done.stderr
    assert "hint:  " in done.stderr
    assert done.stdout == ""
