"""Plug-ins that choose drafts, as a package that is installed: for processes that find it by PYTHONPATH."""

from pathlib import Path

#: By name: what each does with the drafts of a brief.
CODE = """
import json, os, pathlib, subprocess, sys, time

def last(brief, drafts):
    return [[each["image_result_id"], brief["instruction"]["prompt"]] for each in reversed(drafts)]

def longest(brief, drafts): return max(drafts, key=lambda each: len(each["picture"]))["image_result_id"]
def abort(brief, drafts): os.abort()
def hang(brief, drafts): time.sleep(600)
def stranger(brief, drafts): return [13]
def twice(brief, drafts): return [drafts[0]["image_result_id"]] * 2
def rubbish(brief, drafts): return object()
def truth(brief, drafts): return True
def nothing(brief, drafts): return []
def long(brief, drafts): return ["x" * 100_000]
def loud(brief, drafts): print("[1]"); os.write(1, b"[1]"); return drafts[0]["image_result_id"]
def bell(brief, drafts): raise ValueError("\\x1b[31m\\nred")
def leaves(brief, drafts): sys.exit(0)
def secret(brief, drafts): return [] if "PIKTID_API_TOKEN" in os.environ else last(brief, drafts)

def waits(brief, drafts):
    # The first of two that are asked never answers; it tells that it runs.
    folder = pathlib.Path(__file__).parent
    if (folder / "waits.pid").exists():
        return last(brief, drafts)
    (folder / "waits.part").write_text(str(os.getpid()))
    (folder / "waits.part").replace(folder / "waits.pid")
    time.sleep(600)
"""
NAMES = [line.partition("(")[0].removeprefix("def ") for line in CODE.splitlines() if line.startswith("def ")]


def install(folder: Path) -> Path:
    """Put the plug-ins into a folder, and return it."""
    (folder / "tiny_choosers.py").write_text(CODE)
    information = folder / "tiny-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 1\n")
    points = "\n".join(f"{each} = tiny_choosers:{each}" for each in NAMES)
    (information / "entry_points.txt").write_text(f"[identity_worker.choosers]\n{points}\n")
    return folder
