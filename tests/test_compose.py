"""docker-compose.yml and Dockerfile, held against the supervisor's table. No container is run here: the files are read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from classroom.env import Env
from classroom.supervisor import credentials
from classroom.supervisor.processes import (
    BY_NAME,
    DJANGO_SETTINGS,
    PROCESSES,
    REDIS_OPTIONS,
    WEB_SETTINGS,
    WORKER_SETTINGS,
    Process,
)
from classroom.supervisor.readiness import host_name
from inference_worker.celery_app import Settings as WorkerEnv

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("credentials", "setup", "web", "scribe", "inference", "inference-gpu", "class")
SERVERS = ("db", "redis")
ONE_SHOT = ("credentials", "setup")
# Known to libraries, not to us: where libpq finds the password, and where a model from the hub is kept.
OF_LIBRARIES = {"PGPASSFILE", "HF_HOME"}
# Where a container differs from a laptop.
PLACES = {"DATA_DIR", "METRICS_DIR", "DATABASE_URL", "REDIS_URL", "BIND", "PORT"}
CHOSEN = re.compile(r"\$\{(?P<name>[A-Z_]+):-(?P<default>.*)\}")


def environment(name: str) -> dict[str, str]:
    return {key: str(value) for key, value in (SERVICES[name].get("environment") or {}).items()}


def defaults() -> dict[str, Any]:
    fields = {**WorkerEnv.model_fields, **Env.model_fields}
    return {name: field.default for name, field in fields.items()}


def test_every_service_is_known() -> None:
    assert set(SERVICES) == {*OURS, *SERVERS}
    assert {process.name for process in PROCESSES} <= set(SERVICES)


@pytest.mark.parametrize("process", [process for process in PROCESSES if not process.socket], ids=lambda p: p.name)
def test_a_container_runs_the_supervisors_command(process: Process) -> None:
    assert SERVICES[process.name]["command"] == process.argv(python="python")


def test_the_web_container_runs_the_supervisor_for_the_shared_socket() -> None:
    [web] = [process for process in PROCESSES if process.socket]
    command = SERVICES[web.name]["command"]
    assert command == ["python", "-m", "classroom.supervisor", "--only", web.name]
    assert json.dumps(command) in DOCKERFILE


def test_the_gpu_worker_is_the_worker_on_a_gpu() -> None:
    gpu, cpu = SERVICES["inference-gpu"], SERVICES["inference"]
    for key in ("command", "environment", "volumes", "depends_on", "healthcheck", "user"):
        assert gpu[key] == cpu[key]
    assert gpu["profiles"] == ["gpu"]
    [device] = gpu["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}
    assert gpu["build"]["args"] == {"TORCH_INDEX": ""}
    assert gpu["image"] != cpu["image"]  # one tag for two builds would be whichever came last
    assert "profiles" not in cpu


def test_redis_has_the_embedded_ones_options() -> None:
    options = [word for pair in REDIS_OPTIONS for word in pair]
    assert SERVICES["redis"]["command"] == ["redis-server", *options]


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
def test_a_container_is_told_every_setting_that_its_process_reads(process: Process) -> None:
    told = set(environment(process.name)) - OF_LIBRARIES
    extra = {"ALLOWED_HOSTS"} if process.name == "inference" else set()  # its health check speaks to the web
    assert told == set(process.settings) | extra


def test_the_table_holds_every_setting_that_there_is() -> None:
    django = {*DJANGO_SETTINGS, *WEB_SETTINGS}
    # Colours belong to the supervisor alone.
    assert django == set(Env.model_fields) - {"NO_COLOR"}
    assert set(WORKER_SETTINGS) == set(WorkerEnv.model_fields)


@pytest.mark.parametrize("name", OURS)
def test_no_setting_is_misspelt(name: str) -> None:
    known = set(Env.model_fields) | set(WorkerEnv.model_fields) | OF_LIBRARIES
    assert set(environment(name)) <= known


@pytest.mark.parametrize("name", OURS)
def test_defaults_are_those_of_the_code(name: str) -> None:
    for key, value in environment(name).items():
        if key in PLACES | OF_LIBRARIES:
            continue
        chosen = CHOSEN.fullmatch(value)
        assert chosen is not None, f"{key} cannot be set from outside"
        assert chosen["name"] == key
        assert chosen["default"] == str(defaults()[key]), key


@pytest.mark.parametrize("name", [name for name in OURS if name != "credentials"])
def test_its_settings_can_be_read(name: str) -> None:
    told = {key: CHOSEN.sub(lambda found: found["default"], value) for key, value in environment(name).items()}
    model = WorkerEnv if name.startswith("inference") else Env
    model(**{key: value for key, value in told.items() if key in model.model_fields})


def test_every_process_is_somewhere_else_than_the_laptops() -> None:
    for name in ("setup", "web", "scribe", "class"):
        assert environment(name)["DATABASE_URL"] == f"postgres://{credentials.USER}@{credentials.HOST}:5432/chalkstream"
    for name in OURS[1:]:
        assert environment(name)["REDIS_URL"] == "redis://redis:6379/0"
        assert environment(name)["DATA_DIR"] == "/data"


def test_the_model_side_is_given_neither_people_nor_secrets() -> None:
    for name in ("inference", "inference-gpu"):
        told = environment(name)
        assert "DATABASE_URL" not in told
        assert "PGPASSFILE" not in told
        assert SERVICES[name]["volumes"] == ["models:/data"]


@pytest.mark.parametrize("name", SERVICES)
def test_only_the_pages_are_published_and_only_to_this_machine(name: str) -> None:
    ports = SERVICES[name].get("ports", [])
    assert ports == (["127.0.0.1:${PORT:-8000}:8000"] if name == "web" else [])
    assert SERVICES[name].get("network_mode") in (None, "none")
    assert not SERVICES[name].get("privileged")


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_is_root_nor_can_become_it(name: str) -> None:
    service = SERVICES[name]
    assert service["user"] == {"db": "postgres", "redis": "redis"}.get(name, "10001:10001")
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_the_image_is_not_root_either() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER chalk$", last, re.MULTILINE)
    assert "useradd --uid 10001" in last
    assert last.index("USER chalk") > last.rindex("RUN")
    for folder in ("/data", "/run/chalkstream"):  # a volume takes its owner from the image
        assert re.search(rf"install -d -o chalk -g chalk -m \d+ [^&]*{folder}", last)


def test_no_secret_stands_in_the_files() -> None:
    for name, service in SERVICES.items():
        for key, value in (service.get("environment") or {}).items():
            secret = re.search(r"PASSWORD|SECRET|TOKEN$|KEY", key)
            handed_on = value == f"${{{key}:-}}"
            assert not secret or key.endswith("_FILE") or handed_on, f"{name}: {key}"
            assert not re.search(r"://[^@/]*:[^@/]*@", str(value)), f"{name}: a password in {key}"
    assert not re.search(r"(ARG|ENV) \w*(PASSWORD|SECRET)", DOCKERFILE)


def test_the_database_and_its_clients_share_the_password_and_nobody_else() -> None:
    mounts = {
        name: [v for v in service.get("volumes", []) if v.startswith("credentials:")]
        for name, service in SERVICES.items()
    }
    having = {name for name, volumes in mounts.items() if volumes}
    assert having == {"credentials", "db", "setup", "web", "scribe", "class"}
    assert all(volumes[0].endswith(":ro") for name, volumes in mounts.items() if volumes and name != "credentials")
    folder = SERVICES["credentials"]["command"][-1]
    assert SERVICES["credentials"]["command"] == ["python", "-m", "classroom.supervisor.credentials", folder]
    assert environment("db")["POSTGRES_PASSWORD_FILE"] == f"{folder}/password"
    assert environment("web")["PGPASSFILE"] == f"{folder}/pgpass"
    assert environment("db")["POSTGRES_USER"] == credentials.USER


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in ONE_SHOT])
def test_whatever_stays_has_a_health_check_and_comes_back(name: str) -> None:
    service = SERVICES[name]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] == "unless-stopped"


def test_health_is_what_readyz_says() -> None:
    checks = {
        name: service["healthcheck"]["test"][1:] for name, service in SERVICES.items() if "healthcheck" in service
    }
    probe = ["python", "-m", "classroom.supervisor.probe"]
    assert checks["web"] == [*probe, "database", "redis", "channel_layer"]
    for process in PROCESSES:
        if process.part:
            assert checks[process.name][:5] == [*probe, "--host", "web"]
            assert process.part in checks[process.name][5:]
    assert "model" in checks["inference"]
    assert checks["db"][0] == "pg_isready"
    assert checks["redis"] == ["redis-cli", "ping"]
    assert host_name(Env.model_fields["ALLOWED_HOSTS"].default) == "localhost"


def conditions(name: str) -> dict[str, str]:
    return {on: wanted["condition"] for on, wanted in SERVICES[name].get("depends_on", {}).items()}


def test_the_order_of_starting_waits_for_health() -> None:
    needed = {"setup": "service_completed_successfully", "db": "service_healthy", "redis": "service_healthy"}
    for name in ("web", "scribe", "class"):
        assert conditions(name) == needed
    assert conditions("setup") == {"db": "service_healthy", "redis": "service_healthy"}
    assert conditions("db") == {"credentials": "service_completed_successfully"}
    assert conditions("inference") == {"redis": "service_healthy"}
    assert set(BY_NAME["inference"].needs) == {"redis"}


def test_what_must_last_is_in_a_named_volume() -> None:
    used = {volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])
    assert not [volume for volume in used if volume.startswith((".", "/", "~"))]


def test_nothing_of_a_developers_machine_goes_into_the_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".git", ".venv", "data", "static/node_modules", "static/dist"} <= set(ignored)
    copied = re.findall(r"^COPY (?:--from=\w+ )?(.*)$", DOCKERFILE, re.MULTILINE)
    for line in copied[:2] + copied[2:3]:
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source


def test_the_image_takes_the_same_steps_as_the_bootstrap() -> None:
    assert "npm ci --ignore-scripts" in DOCKERFILE
    torch, rest, nodeps = (
        DOCKERFILE.index("grep '^torch=='"),
        DOCKERFILE.index("-r requirements.txt"),
        DOCKERFILE.index("--no-deps -r requirements-nodeps.txt"),
    )
    assert torch < rest < nodeps
