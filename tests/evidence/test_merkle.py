"""The incremental tree against RFC 6962 as written, the published vectors, and forgeries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.evidence.merkle import (
    EMPTY_ROOT,
    Tree,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from reference import merkle_reference as reference

# The leaves and roots that Certificate Transparency implementations share.
CT_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

leaves = st.lists(st.binary(max_size=8), min_size=1, max_size=48)


def distinct_tree(size):
    return Tree(str(index).encode() for index in range(size))


def flipped(value):
    return bytes([value[0] ^ 1]) + value[1:]


def test_the_empty_tree_has_the_hash_of_nothing_as_root():
    assert Tree().root() == EMPTY_ROOT == reference.root([])
    assert EMPTY_ROOT.hex().startswith("e3b0c44298fc1c14")
    assert EMPTY_ROOT.hex().endswith("a495991b7852b855")


def test_published_roots():
    tree = Tree()
    for index, leaf in enumerate(CT_LEAVES):
        assert tree.append(leaf) == index
        assert tree.root().hex() == CT_ROOTS[index]
    assert [tree.root(size).hex() for size in range(1, 9)] == CT_ROOTS


def test_published_inclusion_proof():
    """Leaf 0 of the eight: its sibling, then the two subtrees to the right."""
    proof = [each.hex() for each in Tree(CT_LEAVES).inclusion_proof(0)]
    assert proof == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]


def test_published_consistency_proof():
    """From six of the eight leaves: the subtree of the last two, their sibling, the first four."""
    proof = [each.hex() for each in Tree(CT_LEAVES).consistency_proof(6, 8)]
    assert proof == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def test_leaves_and_nodes_are_hashed_apart():
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != node_hash(left, right)
    assert node_hash(left, right) != node_hash(right, left)


@given(leaves)
def test_every_root_is_the_one_of_the_recursive_definition(data):
    tree = Tree(data)
    assert tree.size == len(data)
    for size in range(len(data) + 1):
        assert tree.root(size) == reference.root(data[:size])


@given(leaves)
def test_appending_one_by_one_is_building_at_once(data):
    tree = Tree()
    for leaf in data:
        tree.append(leaf)
    assert tree.root() == Tree(data).root()
    assert [tree.leaf_hash(index) for index in range(tree.size)] == [leaf_hash(x) for x in data]


@given(leaves, st.data())
def test_inclusion_proofs_are_those_of_the_recursive_definition(data, draw):
    size = draw.draw(st.integers(1, len(data)))
    index = draw.draw(st.integers(0, size - 1))
    tree = Tree(data)
    proof = tree.inclusion_proof(index, size)
    assert proof == reference.inclusion_proof(index, data[:size])
    leaf = leaf_hash(data[index])
    assert reference.root_of_inclusion(leaf, index, size, proof) == tree.root(size)
    assert verify_inclusion(leaf, index, size, proof, tree.root(size))


@given(leaves, st.data())
def test_consistency_proofs_are_those_of_the_recursive_definition(data, draw):
    size = draw.draw(st.integers(1, len(data)))
    old_size = draw.draw(st.integers(1, size))
    tree = Tree(data)
    proof = tree.consistency_proof(old_size, size)
    assert proof == reference.consistency_proof(old_size, data[:size])
    assert verify_consistency(old_size, size, tree.root(old_size), tree.root(size), proof)


@given(
    st.integers(0, 40),
    st.integers(0, 40),
    st.lists(st.sampled_from([leaf_hash(b"x"), leaf_hash(b"y")]), max_size=7),
)
def test_the_verifier_accepts_exactly_what_the_recursion_leads_to(index, size, proof):
    """On made-up proofs of any length: same root, or both refuse."""
    leaf = leaf_hash(b"leaf")
    root = None
    if index < size:
        root = reference.root_of_inclusion(leaf, index, size, proof)
    assert verify_inclusion(leaf, index, size, proof, root or leaf) == (root is not None)


@pytest.mark.parametrize("size", range(1, 18))
def test_a_proof_for_a_wrong_leaf_index_or_size_fails(size):
    tree = distinct_tree(size)
    root = tree.root()
    for index in range(size):
        leaf, proof = tree.leaf_hash(index), tree.inclusion_proof(index)
        assert verify_inclusion(leaf, index, size, proof, root)
        assert not verify_inclusion(flipped(leaf), index, size, proof, root)
        assert not verify_inclusion(leaf, index, size, proof, flipped(root))
        for wrong in range(-1, size + 2):
            assert verify_inclusion(leaf, wrong, size, proof, root) == (wrong == index)
        for position in range(len(proof)):
            forged = [*proof[:position], flipped(proof[position]), *proof[position + 1 :]]
            assert not verify_inclusion(leaf, index, size, forged, root)
        assert not verify_inclusion(leaf, index, size, [*proof, root], root)
        assert not proof or not verify_inclusion(leaf, index, size, proof[:-1], root)


def test_a_size_that_changes_the_way_to_the_root_fails():
    """The proof fixes the length of the way, so sizes with another way are refused."""
    tree = distinct_tree(8)
    leaf, proof, root = tree.leaf_hash(3), tree.inclusion_proof(3), tree.root()
    assert not any(verify_inclusion(leaf, 3, size, proof, root) for size in (0, 3, 4, 9, 16, 2**40))


@pytest.mark.parametrize("size", range(1, 18))
def test_a_wrong_consistency_proof_fails(size):
    tree = distinct_tree(size)
    root = tree.root()
    for old_size in range(1, size):
        old_root, proof = tree.root(old_size), tree.consistency_proof(old_size)
        assert verify_consistency(old_size, size, old_root, root, proof)
        assert not verify_consistency(old_size, size, flipped(old_root), root, proof)
        assert not verify_consistency(old_size, size, old_root, flipped(root), proof)
        assert not verify_consistency(old_size, size, old_root, root, [*proof, root])
        assert not verify_consistency(old_size, size, old_root, root, proof[:-1])
        assert not verify_consistency(size, old_size, root, old_root, proof)
        for position in range(len(proof)):
            forged = [*proof[:position], flipped(proof[position]), *proof[position + 1 :]]
            assert not verify_consistency(old_size, size, old_root, root, forged)


def test_a_rewritten_history_has_no_consistency_proof():
    honest, rewritten = Tree([b"a", b"b", b"c"]), Tree([b"a", b"X", b"c", b"d", b"e"])
    proof = rewritten.consistency_proof(3)
    assert not verify_consistency(3, 5, honest.root(), rewritten.root(), proof)


def test_consistency_with_nothing_and_with_itself_needs_no_proof():
    tree = distinct_tree(5)
    root = tree.root()
    assert tree.consistency_proof(0) == tree.consistency_proof(5) == []
    assert verify_consistency(0, 5, EMPTY_ROOT, root, [])
    assert verify_consistency(5, 5, root, root, [])
    assert verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])
    assert not verify_consistency(0, 5, root, root, [])
    assert not verify_consistency(0, 5, EMPTY_ROOT, root, [root])
    assert not verify_consistency(5, 5, root, root, [root])
    assert not verify_consistency(5, 5, root, flipped(root), [])
    assert not verify_consistency(-1, 5, EMPTY_ROOT, root, [])


def test_hashes_of_another_length_are_refused():
    tree = distinct_tree(4)
    leaf, proof, root = tree.leaf_hash(1), tree.inclusion_proof(1), tree.root()
    assert not verify_inclusion(leaf[:31], 1, 4, proof, root)
    assert not verify_inclusion(leaf, 1, 4, [proof[0] + b"\0", proof[1]], root)
    assert not verify_consistency(2, 4, tree.root(2), root, [b""])


@pytest.mark.parametrize(
    "ask",
    [
        lambda tree: tree.root(6),
        lambda tree: tree.root(-1),
        lambda tree: tree.inclusion_proof(5),
        lambda tree: tree.inclusion_proof(-1),
        lambda tree: tree.inclusion_proof(3, 3),
        lambda tree: tree.inclusion_proof(0, 6),
        lambda tree: tree.consistency_proof(4, 3),
        lambda tree: tree.consistency_proof(-1),
    ],
)
def test_a_question_about_a_tree_that_never_was_is_an_error(ask):
    with pytest.raises(ValueError, match="tree of"):
        ask(distinct_tree(5))
