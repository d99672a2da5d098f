"""A CronJob of Kubernetes (batch/v1) that runs a job."""

from __future__ import annotations

import json
import re
from pathlib import PurePosixPath
from typing import Any

import msgspec

from crawler.cron_line import CronLine
from crawler.errors import ConfigError
from crawler.policy.shifted_lines import written_numbers

#: 52 letters leave room for what Kubernetes adds to the names of its pods.
_LONGEST = 52
_GRACE = 15 * 60
#: Words that YAML 1.1 reads as something else than text.
_WORDS = ("true", "false", "null")
_CONFIG, _DATA = PurePosixPath("/config"), PurePosixPath("/data")


class CronJobSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a manifest is made of.

    Attributes:
        job: Its name.
        line: When it runs.
        zone: Zone of `line`; None for that of the cluster's controller.
        jitter: Longest delay, in seconds.
        overlap: "skip", "wait" or "stop_old".
        max_runtime: Seconds after which a run pauses; None for never.
        catch_up: Whether a missed run is made up for.
        config: Name of the job file.
        files: Names of all files that the job file needs, itself included.
        image: With the crawler in it.
        memory: Bytes that the pod may have; None for any.
    """

    job: str
    line: CronLine
    zone: str | None
    jitter: float
    overlap: str
    max_runtime: float | None
    catch_up: bool
    config: str
    files: tuple[str, ...]
    image: str
    memory: int | None = None


def cron_job_text(job: CronJobSettings) -> str:
    """Return the manifest as YAML, with comments that say what has to be there.

    Raises:
        ConfigError: Kubernetes would read the line otherwise than cron does.
    """
    name = object_name(job.job)
    files = " ".join(f"--from-file={file}" for file in job.files)
    head = (
        f"# crawler {job.job}: kubectl apply -f this-file.yaml\n"
        f"# It needs the config, from the folder of the config:\n"
        f"#   kubectl create configmap {name}-config {files}\n"
        f"# and a volume claim {name}-data for state, data and reports, which all runs share.\n"
        f"# Variables that the config names can come from a secret {name}-env.\n"
    )
    return head + "\n".join(_yaml(_manifest(job, name), 0)) + "\n"


def object_name(job: str) -> str:
    """Return a name for objects of a job: lower case, digits, `-` (RFC 1123)."""
    tidy = re.sub(r"[^a-z0-9]+", "-", f"crawler-{job}".lower())
    return tidy[:_LONGEST].strip("-")


def cluster_line(line: CronLine) -> str:
    """Return a line that Kubernetes reads as cron does: in numbers, Sunday as 0.

    Raises:
        ConfigError: There is none: with a step behind `*` in the day of the month and a day of the
            week, cron wants both, Kubernetes either.
    """
    days, weekdays = written_numbers(line.days, 31), written_numbers(line.weekdays, 7)
    if line.either_day and "*" in (days, weekdays):
        days = weekdays = "*"  # one is enough, and one is always so: every day
    if not line.either_day and "*" not in (days, weekdays):
        raise ConfigError(
            f"schedule.cron: Kubernetes would read {line.text!r} otherwise than cron does: one of "
            "the two days would be enough\n  write it with one of them"
        )
    months = written_numbers(line.months, 12)
    minutes, hours = written_numbers(line.minutes, 60), written_numbers(line.hours, 24)
    return f"{minutes} {hours} {days} {months} {weekdays}"


def _manifest(job: CronJobSettings, name: str) -> dict[str, Any]:
    spec: dict[str, Any] = {"schedule": cluster_line(job.line)}
    if job.zone is not None:
        spec["timeZone"] = job.zone
    # With "wait" both run, and the second waits at the lock in the volume that they share.
    policy = {"skip": "Forbid", "stop_old": "Replace", "wait": "Allow"}
    spec["concurrencyPolicy"] = policy[job.overlap]
    spec["startingDeadlineSeconds"] = 86_400 if job.catch_up else 300
    spec["successfulJobsHistoryLimit"] = 3
    spec["failedJobsHistoryLimit"] = 3
    spec["jobTemplate"] = {"spec": _job(job, name)}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/name": "crawler"}},
        "spec": spec,
    }


def _job(job: CronJobSettings, name: str) -> dict[str, Any]:
    # A run that failed is not tried again at once: the next one goes on with it.
    spec: dict[str, Any] = {"backoffLimit": 0}
    if job.max_runtime is not None:
        spec["activeDeadlineSeconds"] = int(job.max_runtime + job.jitter + _GRACE)
    spec["template"] = {"spec": _pod(job, name)}
    return spec


def _pod(job: CronJobSettings, name: str) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": "crawler",
        "image": job.image,
        "command": ["python", "-m", "crawler"],
        "args": [str(_CONFIG / job.config), "--dir", str(_DATA), "--cron"],
        "workingDir": str(_DATA),
        "env": [{"name": "PYTHONUTF8", "value": "1"}],
        "envFrom": [{"secretRef": {"name": f"{name}-env", "optional": True}}],
        "volumeMounts": [
            {"name": "config", "mountPath": str(_CONFIG), "readOnly": True},
            {"name": "data", "mountPath": str(_DATA)},
        ],
    }
    if job.memory is not None:
        container["resources"] = {"limits": {"memory": str(job.memory)}}
    return {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 60,
        "containers": [container],
        "volumes": [
            {"name": "config", "configMap": {"name": f"{name}-config"}},
            {"name": "data", "persistentVolumeClaim": {"claimName": f"{name}-data"}},
        ],
    }


def _yaml(value: Any, indent: int) -> list[str]:
    """Return lines of YAML: maps and lists in blocks, scalars as JSON, which YAML takes in."""
    pad = " " * indent
    lines: list[str] = []
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, dict | list):
                lines += [f"{pad}{key}:", *_yaml(inner, indent + 2)]
            else:
                lines.append(f"{pad}{key}: {_scalar(inner)}")
        return lines
    for inner in value:
        if isinstance(inner, dict):
            first, *rest = _yaml(inner, indent + 2)
            lines += [f"{pad}- {first.strip()}", *rest]
        else:
            lines.append(f"{pad}- {_scalar(inner)}")
    return lines


def _scalar(value: Any) -> str:
    plain = isinstance(value, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9./-]{3,}", value)
    return value if plain and value.lower() not in _WORDS else json.dumps(value)
