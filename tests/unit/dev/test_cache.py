from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from producer.dev.cache import cache_directory, made_once
from producer.errors import PrerequisiteMissing


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"PRODUCER_DEV__CACHE_DIR": "given", "XDG_CACHE_HOME": "xdg", "HOME": "home"}, "given"),
        ({"XDG_CACHE_HOME": "xdg", "HOME": "home"}, "xdg/genesys-producer"),
        ({"HOME": "home"}, "home/.cache/genesys-producer"),
    ],
)
def test_the_cache_is_where_the_environment_says(tmp_path: Path, environ: dict[str, str], expected: str) -> None:
    absolute = {name: str(tmp_path / value) for name, value in environ.items()}
    assert cache_directory(absolute) == tmp_path / expected
    assert (tmp_path / expected).is_dir()


def test_a_cache_that_cannot_be_written_to_says_what_to_do(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    with pytest.raises(PrerequisiteMissing, match="set PRODUCER_DEV__CACHE_DIR to a folder that can"):
        cache_directory({"PRODUCER_DEV__CACHE_DIR": str(in_the_way)})


def test_a_thing_is_made_the_first_time_only(tmp_path: Path) -> None:
    made: list[str] = []

    def make(directory: Path) -> None:
        made.append("once")
        (directory / "thing").write_text("whole")

    for _ in range(2):
        assert (made_once(tmp_path / "things", make) / "thing").read_text() == "whole"
    assert made == ["once"]


def test_a_failure_leaves_nothing_behind_and_the_next_one_tries_again(tmp_path: Path) -> None:
    def fail(directory: Path) -> None:
        (directory / "thing").write_text("half")
        raise OSError("the network went away")

    with pytest.raises(OSError, match="the network went away"):
        made_once(tmp_path / "things", fail)
    assert [path.name for path in tmp_path.iterdir()] == ["things.lock"]

    made_once(tmp_path / "things", lambda directory: (directory / "thing").touch())
    assert (tmp_path / "things" / "thing").exists()


def append_own_process(directory: Path) -> None:
    with (directory.parent / "makers").open("a") as makers:
        makers.write(f"{os.getpid()}\n")


def test_of_several_processes_one_makes_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(3, mp_context=context) as pool:  # not Pool, which ends its processes by SIGTERM
        made = [pool.submit(made_once, tmp_path / "things", append_own_process) for _ in range(6)]

    assert [each.result() for each in made] == [tmp_path / "things"] * 6
    assert len((tmp_path / "makers").read_text().splitlines()) == 1
