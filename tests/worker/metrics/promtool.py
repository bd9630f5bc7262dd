"""Prometheus' own promtool: evaluates the alerts of examples/monitoring over an hour or two of figures."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from support import ROOT

MONITORING = ROOT / "examples" / "monitoring"
ALERTS: dict[str, Any] = {
    rule["alert"]: rule
    for rule in yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"][0]["rules"]
}
#: Minutes: for how long each text of figures is told; when it is looked whether an alert fires.
EACH, LOOK, LATER = 60, 67, 80


def firing(alert: str, labels: Mapping[str, str], told: list[str], folder: Path, minute: int = LOOK) -> str:
    """Return what promtool complains of if an alert does not fire with these labels, blank if it does."""
    name = f"IdentityWorker{alert}"
    shown = {"alertname": name, "alertstate": "firing", **ALERTS[name]["labels"], **labels}
    return _evaluated(_selector(shown), [{"labels": _selector(shown), "value": 1}], told, folder, minute)


def none_firing(told: list[str], folder: Path) -> str:
    """Return what promtool complains of if any alert fires, blank if none does."""
    return _evaluated(_selector({"alertstate": "firing"}), [], told, folder, LATER)


def promtool(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run it."""
    tool = shutil.which("promtool")
    assert tool is not None, "Prometheus' tools are needed: apt-get install prometheus"
    return subprocess.run([tool, *arguments], capture_output=True, text=True, check=False)


def _evaluated(asked: str, expected: list[dict[str, Any]], told: list[str], folder: Path, minute: int) -> str:
    """Evaluate the rules over an hour of each text of figures, one after the other; the last goes on."""
    asks = {"expr": asked, "eval_time": f"{minute}m", "exp_samples": expected}
    test = {"interval": "1m", "input_series": _series([*told, *told[-1:]]), "promql_expr_test": [asks]}
    file = folder / "situation.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(MONITORING / "alerts.yml")], "tests": [test]}))
    ended = promtool("test", "rules", str(file))
    return "" if ended.returncode == 0 else ended.stdout + ended.stderr


def _series(told: list[str]) -> list[dict[str, str]]:
    lines = [dict(line.rsplit(" ", 1) for line in text.splitlines() if line[:1] != "#") for text in told]
    names = sorted({name for values in lines for name in values})
    return [
        {"series": name, "values": " ".join(_constant(values.get(name)) for values in lines)}
        for name in names
    ]


def _constant(value: str | None) -> str:
    return f"_x{EACH}" if value is None else f"{value}+0x{EACH}"


def _selector(labels: Mapping[str, str]) -> str:
    return "ALERTS{" + ",".join(f"{label}={json.dumps(value)}" for label, value in labels.items()) + "}"
