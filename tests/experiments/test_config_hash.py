import shutil
from pathlib import Path

import yaml

from experiments.comparison.config_hash import config_hash
from tests.refusal import refusal_of


def run(folder: Path, root: str = "/data/hdr", lr: float = 1e-3, weights: str | None = None) -> Path:
    folder.mkdir(parents=True)
    splits = folder.parent / "splits.json"
    splits.write_text('{"train": ["a"]}')
    settings = {
        "run_dir": "${run_dir}",
        "weights": weights,
        "data": {"root": root, "split_file": str(splits), "source": {"root": root}},
        "module": {"optimizer": {"lr": lr}},
        "callbacks": {"panels": {"directory": "${run_dir}/pictures"}},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(settings))
    return folder


def test_the_same_settings_in_another_place_have_the_same_hash(tmp_path: Path) -> None:
    one, two = run(tmp_path / "a" / "run"), run(tmp_path / "b" / "other", root="/elsewhere/hdr")
    assert config_hash(one) == config_hash(two)
    assert len(config_hash(one)) == 12


def test_another_setting_other_data_or_another_split_has_another_hash(tmp_path: Path) -> None:
    base = config_hash(run(tmp_path / "a" / "run"))
    assert config_hash(run(tmp_path / "b" / "run", lr=2e-3)) != base
    assert config_hash(run(tmp_path / "c" / "run", root="/data/other")) != base
    dealt_anew = run(tmp_path / "d" / "run")
    (tmp_path / "d" / "splits.json").write_text('{"train": ["b"]}')
    assert config_hash(dealt_anew) != base


def test_the_run_that_it_starts_from_counts_with_its_own_settings(tmp_path: Path) -> None:
    run(tmp_path / "start"), run(tmp_path / "other_start", lr=5e-3)
    one = run(tmp_path / "one", weights=str(tmp_path / "start"))
    two = run(tmp_path / "two", weights=str(tmp_path / "other_start"))
    assert config_hash(one) != config_hash(two)
    shutil.copytree(tmp_path / "start", tmp_path / "moved_start")
    three = run(tmp_path / "three", weights=str(tmp_path / "moved_start"))
    assert config_hash(one) == config_hash(three)


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with refusal_of(tmp_path, "config.yaml"):
        config_hash(tmp_path)
