"""Sizes, kinds and owners of what a cube wrote."""

import os

import pytest

from medeval.errors import RunFailed
from medeval.runtime.output_files import check_output, check_plain_tree, give, size_bytes


def test_size_counts_files_at_any_depth_and_no_target_of_a_link(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(bytes(1000))
    (tmp_path / "file").write_bytes(bytes(10))
    (tmp_path / "link").symlink_to("/bin/sh")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert size_bytes(tmp_path) == 1010


def test_a_plain_tree_passes(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_text("x")
    check_plain_tree(tmp_path)


@pytest.mark.parametrize("kind", ["symbolic", "hard", "pipe"])
def test_anything_else_does_not(tmp_path, kind):
    (tmp_path / "file").write_text("x")
    match kind:
        case "symbolic":
            (tmp_path / "other").symlink_to("file")
        case "hard":
            (tmp_path / "other").hardlink_to(tmp_path / "file")
        case "pipe":
            os.mkfifo(tmp_path / "other")
    with pytest.raises(RunFailed):
        check_plain_tree(tmp_path)


def test_a_pipe_does_not_hang_whoever_reads(tmp_path):
    os.mkfifo(tmp_path / "predictions.csv")
    with pytest.raises(RunFailed, match="regular"):
        check_output(tmp_path / "predictions.csv")


def test_giving_changes_links_and_never_their_targets(tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link").symlink_to(tmp_path / "target")
    (tmp_path / "target").write_text("x")
    changed = []
    monkeypatch.setattr(os, "chown", lambda path, uid, gid, follow_symlinks: changed.append((path, follow_symlinks)))
    give(tmp_path / "out", 1, 2)
    assert changed == [(tmp_path / "out", False), (tmp_path / "out" / "link", False)]
