"""The alerts that are shipped look at metrics that there are."""

import re
from pathlib import Path

import pytest
import yaml
from signward_server.core.keys import CustodyKind, Purpose
from signward_server.core.ports import Event, Level
from signward_server.supervisor.families import crew_families
from signward_server.telemetry.exposition import exposed
from signward_server.telemetry.metrics import Metrics

ROOT = Path(__file__).parents[4]
RULES = ROOT / "deploy" / "prometheus" / "signward.rules.yml"


def rules() -> list[dict]:
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    return list(group["rules"])


@pytest.fixture(scope="module")
def names() -> set[str]:
    """Everything that can be shown, as Prometheus names it."""
    metrics = Metrics()
    for event in Event:
        metrics.count(event, "Detail")
    for level in Level:
        metrics.level(level, 1)
    for item in (False, True):
        metrics.observe("/a.B/C", "OK", 0.001, item=item)
    metrics.signed(Purpose.RAW, CustodyKind.ENVELOPE)
    crew = exposed(crew_families(serving=1, ready=True, restarts=1))
    return set(re.findall(r"(?m)^(signward_\w+)", (metrics.render() + crew).decode()))


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_looks_at_what_there_is(rule, names):
    assert set(re.findall(r"signward_\w+", rule["expr"])) <= names
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["summary"].endswith(".")


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_is_documented(rule):
    assert f"`{rule['alert']}`" in (ROOT / "docs" / "telemetry.md").read_text()


def test_every_metric_is_documented(names):
    text = (ROOT / "docs" / "telemetry.md").read_text()
    whole = {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}
    assert {name for name in whole if f"`{name}`" not in text} == set()
