"""Which rules that look at drafts are installed on this machine; their packages are not imported."""

from functools import cache
from importlib.metadata import entry_points

from config.text import nearest, printable
from worker.briefs.choices import PLUGIN, Choose
from worker.choosing.child import GROUP
from worker.choosing.seeing import MISSING, model


@cache
def plugins() -> tuple[str, ...]:
    """Return the names of the plug-ins that are installed."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


@cache
def fault_of(rule: str) -> str | None:
    """Return why a rule that looks at drafts can't be used here, None where it can."""
    if rule == Choose.BEST:
        return None if model() is not None else MISSING
    if not rule.startswith(PLUGIN):
        return f"is no rule that looks at drafts: {Choose.BEST} or {PLUGIN}NAME"
    name, there = rule.removeprefix(PLUGIN), plugins()
    if name in there:
        return None
    near = nearest(name, there)
    meant = f"; the nearest is {printable(near)}" if near else ""
    installed = ", ".join(map(printable, there)) or "none"
    return f"no plug-in of this name is installed here{meant}; those installed are: {installed}"
