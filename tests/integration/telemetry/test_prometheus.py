"""A real Prometheus: it scrapes a daemon, judges the alerts, and they fire."""

import signal
import subprocess
from pathlib import Path

import pytest

from tests.running.homes import PATIENCE, ROOT
from tests.running.keys import create, sign_request
from tests.running.process import Daemon
from tests.running.prometheus import RULES, Prometheus, program
from tests.running.waiting import eventually

pytestmark = pytest.mark.integration


def needed(name: str) -> Path:
    found = program(name)
    if found is None and (ROOT / "build" / "tools" / ".prometheus").exists():
        pytest.fail("build/tools/prometheus is empty: run `make tools`")
    if found is None:
        pytest.skip(f"no {name}: the alerts are NOT TESTED here (`make tools` gets it)")
    return found


@pytest.mark.parametrize(
    "words",
    [("check", "rules", "signward.rules.yml"), ("test", "rules", "signward.rules.test.yml")],
)
def test_the_alerts_are_well_formed_and_fire_when_they_should(words):
    done = subprocess.run(
        [needed("promtool"), *words],
        check=False,
        cwd=RULES,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_real_daemon_is_scraped_and_an_alert_fires(home, tmp_path):
    command = needed("prometheus")
    with Daemon(home) as daemon, Prometheus(command, tmp_path, daemon.ready["http"]) as watching:
        assert eventually(lambda: watching.value('up{job="signward"}') == 1)
        with daemon.client("admin") as admin:
            create(admin, "key")
            for _ in range(5):
                admin.sign(sign_request("key"))
        count = 'signward_request_duration_seconds_count{method="signward.v1.SignService/Sign"}'
        assert eventually(lambda: watching.value(count) == 5)
        assert watching.value("signward_ready") == 1
        left = watching.value("min(signward_certificate_expiry_timestamp_seconds) - time()")
        assert left is not None
        assert left > 0
        assert "SignwardReloadRefused" not in watching.firing()
        (home.path / "policies" / "broken.cedar").write_text("permit (")
        daemon.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: "SignwardReloadRefused" in watching.firing())
        fired = 'ALERTS{alertname="SignwardReloadRefused", part="policy"}'
        assert eventually(lambda: watching.value(fired) == 1)
