import os

from twostage_hdr.cli.input_files import find_files


def test_files_folders_and_patterns_are_found_each_once_in_order(tmp_path):
    for name in ("b.exr", "a.EXR", "c.txt"):
        (tmp_path / name).touch()
    found = find_files([str(tmp_path / "c.txt"), str(tmp_path), f"{tmp_path}/*.exr"], {".exr"}, "pictures")
    assert [path.name for path in found.files] == ["c.txt", "a.EXR", "b.exr"]
    only_b = find_files([str(tmp_path)], {".exr"}, "pictures", wanted=lambda path: path.name == "b.exr")
    assert [path.name for path in only_b.files] == ["b.exr"]


def test_a_folder_or_pattern_without_any_is_told(tmp_path):
    folder, pattern = str(tmp_path), f"{tmp_path}/*.exr"
    files, nothing = find_files([folder, pattern], {".exr"}, "pictures")
    assert files == []
    assert list(nothing) == [folder, pattern]
    assert all(line.startswith(f"{name}: ") for name, line in nothing.items())
    assert ".exr" in nothing[folder]


def test_a_pattern_without_any_among_others_is_told_and_stops_nothing(tmp_path):
    (tmp_path / "a.exr").touch()
    nothing = f"{tmp_path}/*.hdr"
    found = find_files([nothing, str(tmp_path / "a.exr")], {".exr"}, "pictures")
    assert found.files == [tmp_path / "a.exr"]
    assert list(found.nothing) == [nothing]


def test_a_name_with_brackets_that_exists_is_no_pattern(tmp_path):
    (tmp_path / "a[1].exr").touch()
    assert find_files([str(tmp_path / "a[1].exr")], {".exr"}, "pictures").files == [tmp_path / "a[1].exr"]


def test_one_odd_name_costs_no_other_file_of_the_folder(tmp_path):
    (tmp_path / "a.exr").touch()
    (tmp_path / "loop.exr").symlink_to("loop.exr")
    (tmp_path / os.fsdecode(b"\xff.exr")).touch()
    found = find_files([str(tmp_path)], {".exr"}, "pictures", wanted=lambda path: path.stat().st_size == 0)
    assert found.files == [tmp_path / "a.exr"]
    assert len(found.nothing) == 2


def test_a_name_that_no_file_can_have_is_told():
    assert list(find_files(["n" * 300], {".exr"}, "pictures").nothing)
