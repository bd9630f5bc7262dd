"""The names of a source that stand for a moment of a monotonic clock and are given a number."""

import ast

#: The last name of what tells the seconds since such a start; `clock` is the worker's.
CLOCKS = {"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "clock", "clock_gettime"}


def last_name(node: ast.AST) -> str | None:
    return getattr(node, "attr", getattr(node, "id", getattr(node, "arg", None)))


def is_instant(node: ast.AST) -> bool:
    """Whether an expression is what a clock says, or that and some seconds."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return is_instant(node.left) or is_instant(node.right)
    # A loop's clock is called `time`, as the wall's, which may be compared with the year 1970 no more.
    called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
    return called.rpartition(".")[2] in CLOCKS or called.endswith("loop.time")


def is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def given(node: ast.AST) -> list[tuple[ast.AST, ast.AST]]:
    """The names that a statement or a function's head gives a value, each with the value."""
    if isinstance(node, ast.Assign):
        return [(target, node.value) for target in node.targets]
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return [(node.target, node.value)]
    if isinstance(node, ast.arguments):
        positional = [*node.posonlyargs, *node.args]
        defaults = zip(positional[len(positional) - len(node.defaults) :], node.defaults, strict=True)
        return [
            *defaults,
            *((name, value) for name, value in zip(node.kwonlyargs, node.kw_defaults, strict=True) if value),
        ]
    return []


def related(node: ast.AST) -> list[ast.expr]:
    """What is subtracted from each other or compared."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        return [node.left, node.right]
    return [node.left, *node.comparators] if isinstance(node, ast.Compare) else []


def numbered_instants(source: str) -> set[str]:
    """The names that are compared with a clock or set by it, and are elsewhere given a number."""
    if not any(clock in source for clock in (*CLOCKS, "loop.time")):
        return set()
    nodes = list(ast.walk(ast.parse(source)))
    values = [pair for node in nodes for pair in given(node)]
    instants = {last_name(name) for name, value in values if is_instant(value)}
    for node in nodes:
        if any(map(is_instant, together := related(node))):
            instants |= {last_name(each) for each in together if not is_instant(each)}
    return {name for name in instants if name} & {
        last_name(name) for name, value in values if is_number(value)
    }
