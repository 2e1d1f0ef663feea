"""S1 of the reliability table: nothing in the package makes code from text, unpickles, opens a shell or a connection."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "calcisim"
MODULES = {
    "pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "socket", "ssl", "http", "ftplib", "smtplib", "telnetlib",
    "urllib.request", "requests", "httpx", "aiohttp", "urllib3", "webbrowser", "ctypes", "pty", "code", "codeop",
}  # fmt: skip
CALLS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "os.system",
    "os.popen",
    "os.spawnl",
    "os.execv",
    "os.execvp",
    "pickle.loads",
    "yaml.load",
}
FILES = sorted(PACKAGE.rglob("*.py"))


def _dotted(node):
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join(reversed([*parts, node.id])) if isinstance(node, ast.Name) else ""


def findings(text):
    """What a module does that none may: (line, what)."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names if alias.name in MODULES or alias.name.split(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = {node.module, node.module.split(".")[0], *(f"{node.module}.{alias.name}" for alias in node.names)}
            found += [(node.lineno, name) for name in names & MODULES]
        elif isinstance(node, ast.Call):
            name = _dotted(node.func)
            if name in CALLS:
                found.append((node.lineno, name))
            for keyword in node.keywords:
                if keyword.arg in {"shell", "allow_pickle"} and not (
                    isinstance(keyword.value, ast.Constant) and keyword.value.value is False
                ):
                    found.append((node.lineno, keyword.arg))
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_safety_of_a_module(path):
    assert findings(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    ["eval('1')", "import pickle", "from urllib import request", "import os\nos.system('ls')", "run('ls', shell=True)", "import socket",
     "np.load('a', allow_pickle=flag)", "from http.client import HTTPConnection"],
)  # fmt: skip
def test_safety_sees_what_it_looks_for(text):
    assert findings(text)


def test_safety_of_the_reports_template():
    """No page loads anything from elsewhere, and the environment of the templates escapes."""
    for path in (PACKAGE / "results" / "templates").iterdir():
        text = path.read_text(encoding="utf-8")
        assert 'src="http' not in text
        assert "@import" not in text
        assert "fetch(" not in text
        assert "XMLHttpRequest" not in text
    environments = [path for path in FILES if "Environment(" in path.read_text(encoding="utf-8")]
    assert environments
    assert all("autoescape=True" in path.read_text(encoding="utf-8") for path in environments)
