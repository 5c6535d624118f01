"""A digest, from syntax trees, of the code that a row can reach; code that is never imported does not count.

The digest starts at the row's function and follows names, definition by definition, through the modules that compute
results (`papers`, `layers`, `features`, `data`, `training`). A changed constant changes the digests of exactly those
rows that can see it. Comments, docstrings and annotations are left out: rewording retrains nothing. The decisions of
`protocol`, `corpora` and ledgers are recorded in results as ids, labels and values instead.
"""

import ast
import dataclasses
import functools
import hashlib
import importlib.util
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOMS = ("papers", "layers", "features", "data", "training")
_PACKAGE = "ser_tf"
_EMPTY_LISTS: dict[str, Any] = {"show_empty": True} if sys.version_info >= (3, 13) else {}


@dataclasses.dataclass(frozen=True)
class _Definition:
    """The statements that bind one name at the top of a module.

    Attributes:
        text: The statements in a canonical form.
        references: Names they use, each with the attribute taken from it, or "".
        imports: Names bound by import statements inside them.
    """

    text: str
    references: frozenset[tuple[str, str]]
    imports: tuple[tuple[str, str], ...]


@dataclasses.dataclass(frozen=True)
class _Module:
    """A module's definitions by name, its imported names, and statements that bind nothing."""

    definitions: dict[str, _Definition]
    imports: dict[str, str]
    loose: _Definition


class _Canonical(ast.NodeTransformer):
    """Removes docstrings and annotations from a syntax tree."""

    def _without_docstring(self, node: Any) -> Any:
        self.generic_visit(node)
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:  # noqa: N802 - named by ast
        return self._without_docstring(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:  # noqa: N802
        node.returns = None
        return self._without_docstring(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:  # noqa: N802
        self.generic_visit(node)
        node.annotation = ast.Constant(None)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:  # noqa: N802
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return None  # the docstring of an attribute
        self.generic_visit(node)
        return node


def _is_covered(module: str) -> bool:
    parts = module.split(".")
    return parts[0] == _PACKAGE and len(parts) > 1 and parts[1] in ROOMS and parts[-1] != "ledger"


@functools.cache
def _path(module: str) -> Path | None:
    """Finds the source file of a module without importing it; None if there is no such module."""
    package, _, name = module.rpartition(".")
    if not package:
        specification = importlib.util.find_spec(module)
        source = specification.origin if specification else None
        return Path(source) if source and source.endswith(".py") else None
    for folder in _folders(package):
        for path in (folder / f"{name}.py", folder / name / "__init__.py"):
            if path.is_file():
                return path
    return None


def _folders(package: str) -> list[Path]:
    """Returns the folders of a package's modules; those of `ser_tf.papers` can be in several places."""
    if package in sys.modules and hasattr(sys.modules[package], "__path__"):
        return [Path(folder) for folder in sys.modules[package].__path__]
    path = _path(package)
    return [path.parent] if path and path.name == "__init__.py" else []


def _imports(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yields (name, target) for each import statement in a tree: a module, or an object as `module:object`."""
    for statement in ast.walk(node):
        if isinstance(statement, ast.ImportFrom) and statement.module:
            for alias in statement.names:
                full = f"{statement.module}.{alias.name}"
                is_module = statement.module.split(".")[0] == _PACKAGE and _path(full) is not None
                yield alias.asname or alias.name, full if is_module else f"{statement.module}:{alias.name}"
        elif isinstance(statement, ast.Import):
            for alias in statement.names:
                if alias.asname:
                    yield alias.asname, alias.name


def _definition(statements: list[ast.stmt]) -> _Definition:
    references = set()
    taken: set[int] = set()
    for node in (inner for statement in statements for inner in ast.walk(statement)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            references.add((node.value.id, node.attr))
            taken.add(id(node.value))
    for node in (inner for statement in statements for inner in ast.walk(statement)):
        if isinstance(node, ast.Name) and id(node) not in taken:
            references.add((node.id, ""))
    imports = tuple(pair for statement in statements for pair in _imports(statement))
    return _Definition("\n".join(map(_canonical_text, statements)), frozenset(references), imports)


def _canonical_text(statement: ast.stmt) -> str:
    """A statement's syntax tree as Python 3.11 writes it: the same code has one digest on every Python."""
    for node in ast.walk(statement):
        if not getattr(node, "type_params", True):  # since 3.12, also where there are none
            del node.type_params  # type: ignore[attr-defined]
    return ast.dump(statement, **_EMPTY_LISTS)


def _bound(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]


@functools.cache
def _parsed(module: str) -> _Module | None:
    path = _path(module)
    if path is None:
        return None
    tree = _Canonical().visit(ast.parse(path.read_text(encoding="utf-8")))
    statements: dict[str, list[ast.stmt]] = {}
    loose: list[ast.stmt] = []
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        names = _bound(statement)
        for name in names:
            statements.setdefault(name, []).append(statement)
        if not names:
            loose.append(statement)
    imports = dict(
        pair
        for statement in tree.body
        if isinstance(statement, ast.Import | ast.ImportFrom)
        for pair in _imports(statement)
    )
    return _Module({name: _definition(all_) for name, all_ in statements.items()}, imports, _definition(loose))


def _targets(module: str, parsed: _Module, definition: _Definition) -> Iterator[tuple[str, str]]:
    """Yields (module, name) of everything in covered modules that a definition uses; "" stands for a whole module."""
    imports = {**parsed.imports, **dict(definition.imports)}
    for name, attribute in definition.references:
        if name in imports:
            target, _, imported = imports[name].partition(":")
            if _is_covered(target):
                yield target, imported or attribute
        elif name in parsed.definitions:
            yield module, name


def reached(module: str, name: str) -> dict[tuple[str, str], str]:
    """Follows names from one definition.

    Args:
        module: Dotted name of a module of this project.
        name: A name at its top.

    Returns:
        The canonical text of every reachable definition, by (module, name).
    """
    found: dict[tuple[str, str], str] = {}
    waiting = [(module, name)]
    while waiting:
        where = waiting.pop()
        parsed = _parsed(where[0])
        if where in found or parsed is None:
            continue
        if where[1] == "":  # passed on as a whole
            found[where] = ""
            waiting += [(where[0], each) for each in parsed.definitions]
            continue
        definition = parsed.definitions.get(where[1])
        if definition is None:
            again = parsed.imports.get(where[1])  # imported by that module from elsewhere
            if again:
                target, _, imported = again.partition(":")
                waiting += [(target, imported)] if _is_covered(target) else []
            continue
        found[where] = definition.text
        found[(where[0], "<statements>")] = parsed.loose.text
        waiting += [*_targets(where[0], parsed, definition), *_targets(where[0], parsed, parsed.loose)]
    return found


@functools.cache
def digest_of(function: Callable[..., Any]) -> str:
    """Returns the SHA-256 of all code that a function can reach, and of arguments bound by a `functools.partial`.

    Args:
        function: A function at the top of a module, or a partial of one.
    """
    digest = hashlib.sha256()
    arguments: dict[str, Any] = {}
    while isinstance(function, functools.partial):
        arguments = {
            **{f"argument {place}": value for place, value in enumerate(function.args)},
            **function.keywords,
            **arguments,
        }
        function = function.func
    digest.update(f"{function.__module__}:{function.__qualname__}\n".encode())
    for (module, name), text in sorted(reached(function.__module__, function.__qualname__).items()):
        digest.update(f"{module}:{name}\n{text}\n".encode())
    for key, value in sorted(arguments.items()):
        digest.update(f"{key}={digest_of(value) if callable(value) else repr(value)}\n".encode())
    return digest.hexdigest()


@functools.cache
def commit() -> str | None:
    """Returns the project's commit, with `+` if files of `ser_tf` differ from it; None outside a git checkout."""
    root = Path(__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return None
    try:
        name = _git(root, "rev-parse", "HEAD")
        return name + ("+" if _git(root, "status", "--porcelain", "--", _PACKAGE) else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
