"""What shards cost and bring on a Redis Cluster of three primaries: the servers' work for a brief.

    python -m benchmarks.shards [--briefs 3000] [--accounts 30]

Each brief is put on record, with its id in the shard that keeps it, waits for one of its account's five jobs,
and is cancelled, which lets the next one begin: what is decided is what a flow decides most. The same briefs
of the same accounts are decided in one shard, two and three, each on a primary of its own. Told is the
processor time of all servers for a brief, and the share of it that the busiest one has: both are of the
servers' own counts, so other load on the machine changes them little.
"""

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from benchmarks.frame.report import Figure, report
from config.accounts.account import Account
from config.settings import Settings
from config.shards import namespace_of
from tests.servers.cluster import Cluster, cluster
from worker.ledger.ledger import Ledger
from worker.ledger.records import brief_subject
from worker.lifecycle import acceptance
from worker.operations.operator import Operator
from worker.shards.ids import Ids
from worker.shards.shards import shards_of

BRIEFS, ACCOUNTS, PRIMARIES = 3_000, 30, 3
BODY = {"instructions": [{"prompt": "a face", "num_variations": 2}]}


def main(briefs: int, accounts: int) -> dict[str, Any]:
    """Decide the same briefs in one shard and in several, and tell what it took of the servers."""
    names = [f"account-{number}" for number in range(accounts)]
    costs: dict[int, float] = {}
    busiest: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as folder, cluster(Path(folder), replicas=0) as servers:
        for shards in range(1, PRIMARIES + 1):
            used = _decide(servers, shards, names, briefs)
            costs[shards] = sum(used) / briefs * 1000
            busiest[shards] = max(used) / sum(used)
    figures = {
        "server_ms": Figure(costs[PRIMARIES], "ms a brief", {f"{n} shards": costs[n] for n in (1, 2)}),
        "busiest_share": Figure(busiest[PRIMARIES], "of all", {f"{n} shards": busiest[n] for n in (1, 2)}),
    }
    return report("shards", figures, briefs=briefs, accounts=accounts)


@contextmanager
def _counted(servers: Cluster) -> Iterator[list[float]]:
    """Yield what is filled at the end with the processor seconds that each server has used in the block."""
    used: list[float] = []
    before = [_seconds(node.client.info("cpu")) for node in servers.nodes]
    yield used
    used += [_seconds(node.client.info("cpu")) - was for node, was in zip(servers.nodes, before, strict=True)]


def _seconds(info: Any) -> float:
    return float(info["used_cpu_sys"]) + float(info["used_cpu_user"])


def _namespace(servers: Cluster, shards: int) -> str:
    """Return a namespace whose shards are on as many servers."""
    for number in range(10_000):
        name = f"{{bench-{shards}-{number}}}:"
        if len({servers.owner(namespace_of(name, shard)).port for shard in range(shards)}) == shards:
            return name
    raise AssertionError("no namespace is spread so")


def _decide(servers: Cluster, shards: int, names: list[str], briefs: int) -> list[float]:
    """Decide briefs; return the processor seconds of each server, without those of their first calls."""
    values = Settings().model_copy(update={"namespace": _namespace(servers, shards), "shards": shards})
    accounts = {name: Account(name=name, token=SecretStr(name)) for name in names}
    with shards_of(servers.url, values) as them:
        ids = Ids(them, values)
        ledgers = {name: Ledger(them.client(them.of(name)), values) for name in names}
        its: defaultdict[str, list[str]] = defaultdict(list)
        for name, ledger in ledgers.items():
            ledger.configure([accounts[name]])
            ids.held_by_another(f"before-{name}", name)
        with _counted(servers) as used:
            for number in range(briefs):
                name = names[number % len(names)]
                raw = {**BODY, "brief_id": f"b{number}", "account": name}
                acceptance.accept(
                    ledgers[name],
                    accounts,
                    values,
                    acceptance.Message(raw, "m"),
                    elsewhere=ids.held_by_another,
                )
                its[name].append(f"b{number}")
            for name, all_of_it in its.items():
                operator = Operator(ledgers[name].client, values, "bench", None)
                for brief_id in all_of_it:
                    brief = ledgers[name].read(brief_subject(brief_id))
                    if brief is not None:
                        operator.cancel(brief)
    return used


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--briefs", type=int, default=BRIEFS)
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    given = parser.parse_args()
    main(given.briefs, given.accounts)
