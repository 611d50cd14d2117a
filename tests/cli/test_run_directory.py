import errno
import os
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from tests.refusal import refusal_of
from twostage_hdr.cli import run_directory
from twostage_hdr.cli.run_directory import RunDirectory, commit


def settings(run: RunDirectory, **changes: object) -> OmegaConf:
    base = {"seed": 0, "data": {"root": f"{run.path}-data", "size": 8}, "pictures": f"{run.path}/pictures"}
    return OmegaConf.create(base | changes)


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path / "run")


def save_checkpoint(run: RunDirectory) -> None:
    (run.path / "checkpoints").mkdir(parents=True, exist_ok=True)
    (run.path / "checkpoints" / "last.ckpt").write_bytes(b"")


def test_a_new_run_keeps_its_resolved_config(run: RunDirectory) -> None:
    run.claim(OmegaConf.create({"size": 8, "half": "${size}", "run_dir": str(run.path)}))
    assert run.config() == {"size": 8, "half": 8, "run_dir": str(run.path)}


def test_a_run_is_unfinished_and_without_checkpoint_until_it_has_them(run: RunDirectory) -> None:
    assert not run.finished
    assert run.last_checkpoint is None
    save_checkpoint(run)
    assert run.last_checkpoint == run.path / "checkpoints" / "last.ckpt"
    run.finish({"seconds": 1.5})
    assert run.finished


def test_the_same_settings_go_on(run: RunDirectory) -> None:
    run.claim(settings(run))
    save_checkpoint(run)
    run.claim(settings(run))


def test_a_run_may_be_resumed_with_and_without_its_page(run: RunDirectory) -> None:
    run.claim(settings(run, report=True))
    save_checkpoint(run)
    run.claim(settings(run, report=False))


def test_a_copy_without_git_has_the_commit_that_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr(run_directory.twostage_hdr, "__file__", str(tmp_path / "__init__.py"))
    monkeypatch.delenv("TWOSTAGE_HDR_COMMIT", raising=False)
    assert commit() == "unknown"
    monkeypatch.setenv("TWOSTAGE_HDR_COMMIT", "abc1234")
    assert commit() == "abc1234"


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"seed": 1}, "seed: 0 -> 1"),
        ({"data": {"root": "elsewhere", "size": 8}}, "data.root: "),
        ({"data": 3}, "data: "),
        ({"more": {"a": 1}}, "more: None -> {'a': 1}"),
    ],
)
def test_other_settings_are_refused_with_the_difference_alone(
    run: RunDirectory, changes: dict, difference: str
) -> None:
    run.claim(settings(run))
    save_checkpoint(run)
    with refusal_of(run.path, difference, "hydra.run.dir", f"weights={run.path}") as caught:
        run.claim(settings(run, **changes))
    assert "data.size" not in caught.value.seen
    assert run.config().seed == 0


def test_a_finished_run_is_not_started_anew_with_other_settings(run: RunDirectory) -> None:
    run.claim(settings(run))
    run.finish({})
    with refusal_of(run.path, "seed: 0 -> 1"):
        run.claim(settings(run, seed=1))


def test_a_run_that_never_began_may_be_given_other_settings(run: RunDirectory) -> None:
    run.claim(settings(run))
    run.claim(settings(run, seed=1))
    assert run.config().seed == 1


def test_a_moved_run_goes_on_and_other_folders_stay_where_they_are(run: RunDirectory, tmp_path: Path) -> None:
    run.claim(settings(run))
    save_checkpoint(run)
    moved = RunDirectory(run.path.rename(tmp_path / "elsewhere"))
    config = moved.config()
    assert config.pictures == f"{moved.path}/pictures"
    assert config.data.root == f"{run.path}-data"
    moved.claim(settings(moved, data={"root": f"{run.path}-data", "size": 8}))


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with refusal_of(tmp_path, "config.yaml"):
        RunDirectory(tmp_path).config()


def test_a_second_command_is_kept_out_while_the_first_one_runs(tmp_path) -> None:
    first, second = RunDirectory(tmp_path / "run").lock(), RunDirectory(tmp_path / "run").lock()
    with first, refusal_of(tmp_path / "run", "hydra.run.dir"):
        second.__enter__()
    with RunDirectory(tmp_path / "run").lock():
        pass


def test_a_run_in_which_nothing_was_done_can_be_abandoned_without_a_trace(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "outputs" / "train" / "today")
    run.claim(settings(run))
    run.wandb_id()
    (run.path / ".hydra").mkdir()
    (run.path / ".hydra" / "config.yaml").write_text("")
    run.abandon()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("work", ["checkpoints", "metrics", "non_finite_batch.safetensors", "notes.txt"])
def test_what_may_be_worth_something_is_never_abandoned(run: RunDirectory, work: str) -> None:
    run.claim(settings(run))
    (run.path / work).mkdir()
    run.abandon()
    assert {file.name for file in run.path.iterdir()} == {"config.yaml", work}


def test_folders_of_others_stay_when_a_run_is_abandoned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunDirectory(tmp_path / "project" / "run")
    run.claim(settings(run))
    run.abandon()
    assert [file.name for file in tmp_path.iterdir()] == ["project"]
    monkeypatch.chdir(tmp_path / "project")
    (tmp_path / "project" / "splits.json").write_text("mine")
    RunDirectory(Path()).abandon()
    assert (tmp_path / "project" / "splits.json").is_file()


def test_a_run_that_goes_on_elsewhere_is_not_abandoned(run: RunDirectory) -> None:
    run.claim(settings(run))
    with run.lock():
        RunDirectory(run.path).abandon()
        assert (run.path / "config.yaml").is_file()


def test_a_damaged_id_is_replaced_and_a_whole_one_kept(run: RunDirectory) -> None:
    run.path.mkdir()
    for damaged in (b"0123abc", b"\xff" * 8, bytes(2**20)):
        (run.path / "wandb_id.txt").write_bytes(damaged)
        assert len(run.wandb_id()) == 8
        assert run.wandb_id() == (run.path / "wandb_id.txt").read_text().strip()


def test_figures_that_are_no_numbers_cost_no_score(run: RunDirectory) -> None:
    run.path.mkdir()
    run.finish({"best": 31.5, "val/l1": float("nan")})
    assert run.score == 31.5
    run.finish({"best": float("nan")})
    assert run.score is None


def test_a_lock_that_is_a_link_is_not_followed(run: RunDirectory, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("worth keeping")
    run.path.mkdir()
    (run.path / ".lock").symlink_to(tmp_path / "mine.txt")
    with pytest.raises(OSError, match=os.strerror(errno.ELOOP)), run.lock():
        pass
    assert (tmp_path / "mine.txt").read_text() == "worth keeping"
