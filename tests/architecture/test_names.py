"""Every module says which names are its public ones, and each of them is there and documented."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    path
    for package in (ROOT / "f2s_ray", ROOT / "catalog" / "f2s_catalog")
    for path in package.rglob("*.py")
    if path.name != "__init__.py"
)


def defined(tree: ast.Module) -> dict[str, ast.stmt]:
    names: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names[node.name] = node
        for target in getattr(node, "targets", [getattr(node, "target", None)]):
            if isinstance(target, ast.Name):
                names[target.id] = node
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_names_its_public_names_and_documents_them(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = defined(tree)
    assert ast.get_docstring(tree)
    assert "__all__" in names, "no __all__"
    public = ast.literal_eval(names["__all__"].value)
    assert set(public) <= set(names)
    for name in public:
        node = names[name]
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            assert ast.get_docstring(node), name
