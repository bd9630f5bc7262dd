"""What `deploy/` holds, against the schemas of those who read it; none of them runs here."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from cli.main import COMMANDS
from config import keys
from config.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
#: The oldest release of Kubernetes that is still kept by its makers, and the newest.
RELEASES = ("1.33", "1.37")
#: Seconds that Redis may be gone for before a probe ends a pod that starts.
_REDIS_MAY_BE_GONE = 300
#: Kinds that name deployments.
REFERRING = ("PodDisruptionBudget", "ScaledObject")
#: What Kubernetes itself does not know: these have schemas of their own.
FOREIGN = ("keda.sh/", "kustomize.config.k8s.io/")


@pytest.fixture(scope="module")
def manifests() -> list[dict[str, Any]]:
    """Each object of the folder for Kubernetes."""
    files = sorted(KUBERNETES.glob("*.yaml"))
    return [each for file in files for each in yaml.safe_load_all(file.read_text())]


@pytest.fixture(scope="module")
def pods(manifests: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The pods of the deployments, by name."""
    deployments = [each for each in manifests if each["kind"] == "Deployment"]
    return {each["metadata"]["name"]: each["spec"]["template"]["spec"] for each in deployments}


@pytest.fixture(scope="module")
def kustomization() -> dict[str, Any]:
    """What kustomize is told of the folder."""
    told: dict[str, Any] = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())
    return told


def labels_of_pods(objects: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Return the labels of each deployment's pods."""
    return [
        each["spec"]["template"]["metadata"]["labels"] for each in objects if each["kind"] == "Deployment"
    ]


def selectors(objects: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Return what network policies and budgets of disruption find their pods by."""
    found = [
        each["spec"].get("podSelector", each["spec"].get("selector")) for each in objects if "spec" in each
    ]
    return [each["matchLabels"] for each in found if each and "matchLabels" in each]


def chosen(selector: dict[str, str], labels: list[dict[str, str]]) -> int:
    """Return how many pods a selector finds."""
    return sum(selector.items() <= each.items() for each in labels)


@pytest.mark.parametrize("release", RELEASES)
def test_kubernetes_knows_each_field(manifests: list[dict[str, Any]], release: str) -> None:
    own = [each for each in manifests if not each["apiVersion"].startswith(FOREIGN)]
    assert len(own) > 8
    for each in own:
        kubernetes_validate.validate(each, release, strict=True)


def test_kustomize_takes_each_file_of_the_folder(kustomization: dict[str, Any]) -> None:
    said = kustomization
    files = {path.name for path in KUBERNETES.iterdir()}
    (image,) = said["images"]
    assert image["newTag"] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    generated = {file for each in said["configMapGenerator"] for file in each.get("files", [])}
    assert {*said["resources"], *generated, "kustomization.yaml"} == files


def test_each_selector_finds_pods(manifests: list[dict[str, Any]], kustomization: dict[str, Any]) -> None:
    """Kustomize leaves pods without a label unless it is told to include templates."""
    (added,) = kustomization["labels"]
    own = [
        each | added["pairs"] if added.get("includeTemplates") else each for each in labels_of_pods(manifests)
    ]
    found = {str(each): chosen(each, own) for each in selectors(manifests)}
    assert found.pop(str({"app.kubernetes.io/name": "identity-worker"})) == len(own)
    assert set(found.values()) == {1}


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl")
@pytest.mark.parametrize("release", RELEASES)
def test_what_kubectl_makes_of_the_folder_is_as_it_was_meant(release: str) -> None:
    made = subprocess.run(["kubectl", "kustomize", KUBERNETES], capture_output=True, check=True)
    objects = list(yaml.safe_load_all(made.stdout))
    labels = labels_of_pods(objects)
    assert all(chosen(each, labels) for each in selectors(objects))
    for each in objects:
        assert each["kind"] == "Namespace" or each["metadata"].get("namespace") == "identity-worker"
        if not each["apiVersion"].startswith(FOREIGN):
            kubernetes_validate.validate(each, release, strict=True)


def test_each_container_runs_one_of_our_commands_without_rights(pods: dict[str, dict[str, Any]]) -> None:
    assert set(pods) == {"worker", "listener", "archiver", "deliverer", "web"}
    for pod in pods.values():
        (container,) = pod["containers"]
        assert container["args"][0] in COMMANDS
        may = container["securityContext"]
        assert (may["readOnlyRootFilesystem"], may["allowPrivilegeEscalation"]) == (True, False)
        assert may["capabilities"] == {"drop": ["ALL"]}
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["terminationGracePeriodSeconds"] > Settings.shutdown_seconds
        assert pod["enableServiceLinks"] is False
        starts = container["startupProbe"]
        assert starts["periodSeconds"] * starts["failureThreshold"] == _REDIS_MAY_BE_GONE
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        assert mounted == {volume["name"] for volume in pod["volumes"]}


def test_each_process_of_the_procfile_is_in_each_way_to_deploy(pods: dict[str, dict[str, Any]]) -> None:
    commands = {line.split()[2] for line in (ROOT / "Procfile").read_text().splitlines()}
    assert len(commands) == 5
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"].values()
    assert {pod["containers"][0]["args"][0] for pod in pods.values()} == commands
    assert commands <= {each["command"][0] for each in services if each["image"] == "identity-worker"}
    unit = (DEPLOY / "systemd" / "identity-worker@.service").read_text()
    assert set(re.findall(r"identity-worker@(\w+)", unit)) == commands


def test_what_scales_and_what_may_be_drained_is_there(
    manifests: list[dict[str, Any]], pods: dict[str, dict[str, Any]]
) -> None:
    specs = {kind: [each["spec"] for each in manifests if each["kind"] == kind] for kind in REFERRING}
    drained = [spec["selector"]["matchLabels"] for spec in specs["PodDisruptionBudget"]]
    assert {labels["app.kubernetes.io/component"] for labels in drained} == set(pods) - {
        "archiver",
        "deliverer",
    }
    (scaled,) = specs["ScaledObject"]
    assert scaled["scaleTargetRef"]["name"] in pods
    queues = {trigger["metadata"]["listName"] for trigger in scaled["triggers"]}
    assert queues == {keys.QUEUE(keys.STEPS), keys.QUEUE(keys.INLET)}


def test_the_network_lets_traces_out_as_the_documentation_sends_them(
    manifests: list[dict[str, Any]],
) -> None:
    (policy,) = (each for each in manifests if "egress" in each.get("spec", {}))
    open_ports = {port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]}
    told = (ROOT / "docs" / "deploying.md").read_text()
    (collector,) = re.findall(r"OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:(\d+)", told)
    assert open_ports == {53, 443, 6379, int(collector)}


def test_compose_takes_its_file() -> None:
    checked = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    ended = subprocess.run([*checked, DEPLOY / "compose.yaml"], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    ours = [each for each in services.values() if each["image"] == "identity-worker"]
    assert {each["command"][0] for each in ours} <= set(COMMANDS)
    assert all(each["read_only"] for each in ours)
    # What any of them is asked for, `doctor` say, can be told beside any.
    assert all(set(each["volumes"]) == {"archive:/archive", "data:/data"} for each in ours)


def test_a_linter_finds_nothing_in_the_dockerfile() -> None:
    tool = Path(sys.executable).with_name("hadolint")
    ended = subprocess.run([tool, DEPLOY / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "")


def test_systemd_takes_its_unit(tmp_path: Path) -> None:
    """Every key and value; that the command is not installed is all that it may find."""
    unit = tmp_path / "identity-worker@.service"
    text = (DEPLOY / "systemd" / unit.name).read_text()
    unit.write_text(text.replace("/opt/identity-worker/bin/identity-worker", "/bin/true"))
    tool = shutil.which("systemd-analyze")
    assert tool is not None, "systemd's tools are needed: apt-get install systemd"
    ended = subprocess.run([tool, "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_image_asks_by_a_command_of_ours_whether_it_is_healthy() -> None:
    told = (DEPLOY / "Dockerfile").read_text()
    (asked,) = re.findall(r'^HEALTHCHECK .* CMD \["identity-worker", "(\w+)"\]$', told, re.MULTILINE)
    assert asked in COMMANDS
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    silent = [name for name, each in services.items() if each.get("healthcheck") == {"disable": True}]
    assert silent == ["sandbox"]
