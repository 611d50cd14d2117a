from pathlib import Path

from twostage_hdr.data.hdr_folder import read_exclude_list
from twostage_hdr.data.inspection.finding import Finding, write_exclude_list


def finding(scene: str, problem: str) -> Finding:
    return Finding(scene=scene, file=f"{scene}.png", problem=problem, cure="none")


def test_the_sources_read_back_the_scenes_that_were_written(tmp_path: Path) -> None:
    found = [finding("b/2 x", "black"), finding("a#1", "NaN"), finding("b/2 x", "also small"), finding("", "splits")]
    assert write_exclude_list(tmp_path / "out.txt", found) == 2
    assert read_exclude_list(str(tmp_path / "out.txt")) == {"b/2 x", "a#1"}
    assert "black; b/2 x.png: also small" in (tmp_path / "out.txt").read_text()
