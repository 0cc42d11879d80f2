import hashlib

from hypothesis import given
from hypothesis import strategies as st

from medeval.domain.digest import digest_of_chunks, digest_of_tree


@given(st.lists(st.binary(max_size=20)))
def test_chunks_do_not_matter(chunks):
    whole = b"".join(chunks)
    assert digest_of_chunks(chunks) == ("sha256:" + hashlib.sha256(whole).hexdigest(), len(whole))


def test_a_tree_is_its_paths_and_contents_in_any_order():
    one, two = "sha256:" + "1" * 64, "sha256:" + "2" * 64
    tree = digest_of_tree({"a": one, "b/c": two})
    assert tree == digest_of_tree({"b/c": two, "a": one})
    assert tree == "sha256:40055aec56284c0e5ae01700f63b9a4eded4f698bf9b85a0ac6d70fae3c6d04f"
    assert (
        len({tree, digest_of_tree({"a": two, "b/c": one}), digest_of_tree({"a": one, "b": two}), digest_of_tree({})})
        == 4
    )
