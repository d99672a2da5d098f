from __future__ import annotations

from typing import Any

import pytest
import yaml

from crawler.cron_line import parse_cron_line
from crawler.errors import ConfigError
from crawler.schedule.kubernetes import (
    CronJobSettings,
    cluster_line,
    cron_job_text,
    object_name,
)


def settings(**changed: Any) -> CronJobSettings:
    values: dict[str, Any] = {
        "job": "docs", "line": parse_cron_line("15 3 * * sun"), "zone": "Europe/Berlin",
        "jitter": 600.0, "overlap": "skip", "max_runtime": 4 * 3600.0, "catch_up": True,
        "config": "docs.yaml", "files": ("docs.yaml", "base.yaml"), "image": "reg.example/c:1",
        "memory": 2**30,
    }  # fmt: skip
    return CronJobSettings(**{**values, **changed})


def test_a_manifest_is_yaml_that_says_what_the_schedule_says() -> None:
    found = yaml.safe_load(cron_job_text(settings()))

    spec = found["spec"]
    assert (found["apiVersion"], found["kind"]) == ("batch/v1", "CronJob")
    assert found["metadata"]["name"] == "crawler-docs"
    assert (spec["schedule"], spec["timeZone"]) == ("15 3 * * 0", "Europe/Berlin")
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["startingDeadlineSeconds"] == 86_400
    job = spec["jobTemplate"]["spec"]
    assert (job["backoffLimit"], job["activeDeadlineSeconds"]) == (0, 4 * 3600 + 600 + 900)
    pod = job["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    (container,) = pod["containers"]
    assert container["image"] == "reg.example/c:1"
    assert container["args"] == ["/config/docs.yaml", "--dir", "/data", "--cron"]
    assert container["env"] == [{"name": "PYTHONUTF8", "value": "1"}]
    assert container["resources"] == {"limits": {"memory": str(2**30)}}
    mounts = {mount["name"] for mount in container["volumeMounts"]}
    assert mounts == {volume["name"] for volume in pod["volumes"]}


@pytest.mark.parametrize(
    ("overlap", "policy"), [("skip", "Forbid"), ("wait", "Allow"), ("stop_old", "Replace")]
)
def test_overlap_is_the_policy_of_the_cluster(overlap: str, policy: str) -> None:
    found = yaml.safe_load(cron_job_text(settings(overlap=overlap)))

    assert found["spec"]["concurrencyPolicy"] == policy


def test_what_the_schedule_leaves_open_is_left_out() -> None:
    found = yaml.safe_load(
        cron_job_text(settings(zone=None, max_runtime=None, catch_up=False, memory=None))
    )

    assert "timeZone" not in found["spec"]
    assert "activeDeadlineSeconds" not in found["spec"]["jobTemplate"]["spec"]
    assert found["spec"]["startingDeadlineSeconds"] == 300


@pytest.mark.parametrize("image", ["null", "yes", "a: b # c", 'x"y', "1.5", "- a", "{b}"])
def test_no_text_breaks_the_yaml(image: str) -> None:
    found = yaml.safe_load(cron_job_text(settings(image=image)))

    pod = found["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == image


@pytest.mark.parametrize(
    ("job", "name"),
    [
        ("Docs_2.nightly", "crawler-docs-2-nightly"),
        ("_", "crawler"),
        ("x" * 100, "crawler-" + "x" * 44),
    ],
)
def test_a_name_is_one_that_the_cluster_takes(job: str, name: str) -> None:
    assert object_name(job) == name


def test_a_line_is_written_in_numbers_and_refused_where_the_cluster_reads_it_otherwise() -> None:
    assert cluster_line(parse_cron_line("@weekly")) == "0 0 * * 0"
    assert cluster_line(parse_cron_line("*/20 1-3 */10 * *")) == "0,20,40 1-3 1,11,21,31 * *"
    assert cluster_line(parse_cron_line("0 3 13 * 5-7")) == "0 3 13 * 0,5,6"
    assert cluster_line(parse_cron_line("0 3 1-31 * fri")) == "0 3 * * *"
    with pytest.raises(ConfigError, match="otherwise than cron"):
        cluster_line(parse_cron_line("0 3 */10 * fri"))
