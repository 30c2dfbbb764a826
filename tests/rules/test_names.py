"""Names: a module says what it offers, and no file is called by a word that says nothing."""

import ast

import pytest

from tests.rules.source import modules

EMPTY_WORDS = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}


def public(tree: ast.Module) -> set[str]:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return {node.name for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")}


def exported(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return ast.literal_eval(node.value)
    return None


@pytest.mark.parametrize("name", [name for name in modules() if not name.endswith("__.py") and "versions/" not in name])
def test_a_module_exports_only_names_that_it_has(name):
    tree = modules()[name]
    names = exported(tree)
    assert names is not None or not public(tree), f"{name} has no __all__"
    defined = {target.id for node in ast.walk(tree) for target in ast.walk(node) if isinstance(target, ast.Name)}
    assert set(names or []) <= defined | public(tree) | {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_no_file_has_a_name_that_says_nothing():
    assert [name for name in modules() if set(name.removesuffix(".py").split("/")) & EMPTY_WORDS] == []


def test_every_module_opens_with_its_promise():
    silent = [name for name, tree in modules().items() if tree.body and not ast.get_docstring(tree)]
    assert silent == []
