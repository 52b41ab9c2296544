"""Nothing from a file, a key or a configuration can become code: the calls by which it could are not there."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path for part in ("f2s_ray", "catalog", "benchmarks") for path in (ROOT / part).rglob("*.py"))
MODULES_THAT_UNPICKLE = {
    "pickle",
    "cPickle",
    "_pickle",
    "dill",
    "cloudpickle",
    "joblib",
    "shelve",
    "marshal",
    "jsonpickle",
}
XML_WITH_ENTITIES = {"xml.etree", "xml.dom", "xml.sax", "lxml", "bs4"}
NETWORK = {"requests", "httpx", "aiohttp", "urllib.request", "urllib3", "ftplib", "telnetlib", "smtplib", "xmlrpc"}
CALLS = set(
    [
        "eval",
        "exec",
        "compile",
        "__import__",
        "os.system",
        "os.popen",
        "os.execv",
        "os.execvp",
        "pty.spawn",
        "subprocess.getoutput",
        "tempfile.mktemp",
        "torch.load",
        "torch.hub.load",
        "torch.jit.load",
        "torch.package.PackageImporter",
        "pandas.read_pickle",
        "pd.read_pickle",
        "yaml.unsafe_load",
        "yaml.full_load",
        "yaml.load_all",
        "yaml.unsafe_load_all",
    ]
)
ALLOWED = {
    ("f2s_ray/strict_yaml.py", "yaml.load"),  # with a loader of its own, derived from the safe one
    ("f2s_ray/evaluation/sheet.py", "Image.open"),  # what `f2s evaluate` wrote itself
    ("f2s_ray/evaluation/peer.py", "Image.open"),
    ("f2s_ray/demo_pictures.py", "Image.open"),  # what installed packages ship
    ("f2s_ray/demo_pictures.py", "av.open"),
    ("f2s_ray/engines/ray_jobs.py", "aiohttp"),  # the errors that Ray's own client raises
    ("f2s_ray/engines/ray_jobs.py", "requests"),
    ("f2s_ray/media/film/container.py", "av.open"),  # with formats and protocols that are listed there
}


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module, *(f"{node.module}.{name.name}" for name in node.names)]
    return []


def dangers(tree: ast.AST, *, is_product: bool = True) -> Iterator[str]:
    """What a module does that could turn data into code, or reach where nobody asked it to."""
    banned = MODULES_THAT_UNPICKLE | XML_WITH_ENTITIES | (NETWORK if is_product else set())
    for node in ast.walk(tree):
        yield from (name for name in imported(node) if any(name == one or name.startswith(f"{one}.") for one in banned))
        if not isinstance(node, ast.Call):
            continue
        name, given = dotted(node.func), {word.arg: word.value for word in node.keywords}
        mode = next((one.value for one in node.args[1:2] if isinstance(one, ast.Constant)), "r")
        if name in CALLS or name.endswith((".extractall", ".loads_pickle")):
            yield name
        if name == "yaml.load":
            yield name
        for word in ("shell", "allow_pickle", "trust_remote_code", "allow_dangerous_deserialization"):
            value = given.get(word)
            if value is not None and not (isinstance(value, ast.Constant) and value.value is False):
                yield f"{name}({word}=...)"
        if is_product and name == "Image.open" and "formats" not in given:
            yield name
        if is_product and name == "av.open" and mode != "w":
            yield name


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_can_turn_data_into_code(path):
    where = str(path.relative_to(ROOT))
    found = dangers(ast.parse(path.read_text(encoding="utf-8")), is_product=not where.startswith("benchmarks"))
    assert [name for name in found if (where, name) not in ALLOWED] == []


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from pickle import loads",
        "import xml.etree.ElementTree as E",
        "from xml import etree",
        "import urllib.request",
        "eval(x)",
        "torch.load(path, weights_only=True)",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=flag)",
        "yaml.load(text, Loader=yaml.Loader)",
        "os.system(x)",
        "subprocess.run(x, shell=True)",
        "archive.extractall(folder)",
        "Image.open(path)",
        "av.open(path)",
        "av.open(path, 'r')",
    ],
)
def test_the_search_finds_what_it_looks_for(line):
    assert list(dangers(ast.parse(line)))


def test_the_search_lets_the_rest_pass():
    fine = "re.compile(x); np.load(p, allow_pickle=False); subprocess.run([x], shell=False); Image.open(p, formats=f); av.open(p, 'w')"
    assert list(dangers(ast.parse(fine))) == []
