"""What only `site.egress` may do; import-linter holds the imports, this the use of the upload credential."""

import ast
from pathlib import Path

import medeval

PACKAGE = Path(medeval.__file__).parent


def modules() -> dict[str, ast.Module]:
    return {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text()) for path in PACKAGE.rglob("*.py")}


def importers_of(name: str) -> set[str]:
    """Modules that import a module, at the top, in a function, or for types."""
    found = set()
    for module, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                names = {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            elif isinstance(node, ast.Import):
                names = {alias.name for alias in node.names}
            else:
                continue
            if name in names:
                found.add(module)
    return found


def readers_of_the_credential() -> set[str]:
    """Modules in which something is called on, or given, the path of the upload credential, but `write` on it."""
    found = set()
    for module, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and _is_credential(node.value):
                found.add(module)
            if isinstance(node, ast.Call) and any(map(_is_credential, node.args)):
                found.add(f"{module}: {ast.unparse(node.func)}")
    return found


def _is_credential(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in {"upload_token_file", "_upload_token_file"}


def test_only_the_door_imports_what_uploads_results():
    assert importers_of("medeval.client.results") == {"site/egress.py"}


def test_the_upload_credential_is_read_at_the_door_alone():
    """`site init` writes it, and who builds a door tells it the path."""
    assert readers_of_the_credential() == {
        "site/egress.py",
        "site/setup.py: write",
        "site/build.py: Egress",
    }


def test_the_credentials_file_is_named_in_one_place():
    named = [module for module, tree in modules().items() if "upload.token" in ast.unparse(tree)]
    assert named == ["site/store.py"]


def test_no_statement_and_no_card_goes_through_another_client():
    """`client.api`, which every module of a site may use, has no method that takes one."""
    api = ast.parse((PACKAGE / "client" / "api.py").read_text())
    taken = {
        ast.unparse(argument.annotation)
        for node in ast.walk(api)
        if isinstance(node, ast.FunctionDef)
        for argument in node.args.args
        if argument.annotation is not None
    }
    assert not taken & {"StatementSubmission", "Envelope", "DatasetCard", "SiteResult", "Evaluation"}
    assert "NewAssociation" in taken, "this test looks at the wrong file"
