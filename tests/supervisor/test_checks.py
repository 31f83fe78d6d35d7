"""Every way in which a machine is not ready is one sentence that says what to do."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from classroom.env import Env
from classroom.supervisor import checks
from classroom.supervisor.checks import Trouble
from classroom.supervisor.child import BASE_DIR
from classroom.supervisor.ports import TCP_USER_TIMEOUT_MS, listen
from classroom.supervisor.redis import LONGEST_SOCKET_PATH, socket_path


def test_the_data_folder_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "data"
    checks.folder_make(folder)
    assert list(folder.iterdir()) == []


def test_a_data_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Trouble, match="Set DATA_DIR to a folder of yours"):
        checks.folder_make(tmp_path / "file" / "data")


def test_a_full_disk_is_called_so(tmp_path: Path) -> None:
    for number in (errno.ENOSPC, errno.EDQUOT):
        error = OSError(number, os.strerror(number))
        assert "The disk is full" in checks.disk_sentence(error, tmp_path)
        assert "The disk is full" in checks.system_sentence(error)


def test_another_refusal_of_the_system_is_told_as_it_is() -> None:
    assert "Too many open files" in checks.system_sentence(OSError(errno.EMFILE, os.strerror(errno.EMFILE)))


def test_too_little_space_is_told_before_anything_starts(tmp_path: Path) -> None:
    checks.space_check(tmp_path, free_mb=0)
    with pytest.raises(Trouble, match=r"nearly full: \d+ MB are free .*, 1000000000 MB are needed"):
        checks.space_check(tmp_path, free_mb=1_000_000_000)


def test_the_first_start_needs_room_for_the_model(tmp_path: Path) -> None:
    assert checks.space_needed(tmp_path, model="demo") == checks.FIRST_MB
    assert checks.space_needed(tmp_path, model="/models/mine") == checks.FREE_MB
    (tmp_path / "models").mkdir()
    assert checks.space_needed(tmp_path, model="demo") == checks.FREE_MB


def test_a_path_too_long_for_a_socket_is_told(tmp_path: Path) -> None:
    long = tmp_path / ("x" * LONGEST_SOCKET_PATH)
    with pytest.raises(Trouble, match="too long for a socket's name"):
        checks.socket_check(long)
    assert len(os.fsencode(socket_path(long))) > LONGEST_SOCKET_PATH


def test_one_data_folder_has_one_supervisor(tmp_path: Path) -> None:
    held = checks.lock_take(tmp_path)
    with pytest.raises(Trouble, match=rf"already runs on .* \(process {os.getpid()}\)"):
        checks.lock_take(tmp_path)
    held.close()
    checks.lock_take(tmp_path).close()


def test_a_lock_whose_holder_was_killed_is_no_hindrance(tmp_path: Path) -> None:
    code = f"""
import time
from pathlib import Path
from classroom.supervisor.checks import lock_take
held = lock_take(Path({str(tmp_path)!r}))
print("held", flush=True)
time.sleep(600)
"""
    holder = subprocess.Popen([sys.executable, "-c", code], cwd=BASE_DIR, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    with holder.stdout:
        assert holder.stdout.readline() == b"held\n"
    with pytest.raises(Trouble, match=str(holder.pid)):
        checks.lock_take(tmp_path)
    holder.kill()
    holder.wait()
    checks.lock_take(tmp_path).close()


def test_a_wrong_setting_is_named_without_a_traceback() -> None:
    with pytest.raises(ValidationError) as caught:
        Env(PORT="seventy", WEB_PROCESSES=0)
    sentence = checks.settings_sentence(caught.value)
    assert sentence.startswith("PORT: ")
    assert "; WEB_PROCESSES: " in sentence
    assert "\n" not in sentence


def test_the_socket_listens_and_gives_up_dead_peers() -> None:
    with listen("127.0.0.1", 0) as listener:
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == TCP_USER_TIMEOUT_MS
        with socket.create_connection(listener.getsockname(), timeout=5):
            pass


def test_a_taken_port_is_told_with_another_to_try() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(Trouble, match=f"Port {port} is taken by another program.*PORT={port + 1}"):
            listen("127.0.0.1", port)


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(Trouble, match="Set BIND to an address of this machine"):
        listen("192.0.2.1", 0)


def test_ipv6_is_spoken_where_there_is_some() -> None:
    if not socket.has_ipv6 or not Path("/proc/net/if_inet6").exists():
        with pytest.raises((Trouble, OSError)):
            listen("::1", 0)
        return
    with listen("::1", 0) as listener:
        assert listener.family == socket.AF_INET6
