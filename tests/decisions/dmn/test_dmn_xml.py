"""XML that is meant to harm, and XML that is merely wrong."""

import time

import pytest

from headrace.decisions.dmn.xml import DEEPEST, LONGEST_NAME, MOST_BYTES, read_xml
from headrace.errors import MappingError

BILLION_LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY lol "lol">
<!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
<!ENTITY lol3 "&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;">]>
<definitions>&lol3;</definitions>"""
EXTERNAL = """<!DOCTYPE d [<!ENTITY secret SYSTEM "file:///etc/passwd">]><d>&secret;</d>"""


def test_elements_know_their_names_texts_and_lines():
    root = read_xml('<a xmlns="urn:x" b=" 1 ">\n<c>one</c><d xmlns="urn:y"/><c/>two</a>', "f")

    assert (root.namespace, root.tag, root.get("b"), root.get("z", "none")) == (
        "urn:x", "a", "1", "none",
    )  # fmt: skip
    assert [each.text for each in root.all("c")] == ["one", ""]
    assert (root.one("c").line, root.one("d"), root.text) == (2, None, "\ntwo")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "gb18030"])
def test_bytes_are_decoded_as_they_declare(encoding):
    text = f'<?xml version="1.0" encoding="{encoding}"?><a b="é"/>'
    if encoding == "gb18030":  # of several bytes a character, which expat does not know
        with pytest.raises(MappingError):
            read_xml(text.encode(encoding), "f")
    else:
        assert read_xml(text.encode(encoding), "f").get("b") == "é"


def test_a_text_is_what_it_is_whatever_it_declares():
    assert read_xml('<?xml version="1.0" encoding="ascii"?><a b="限"/>', "f").get("b") == "限"


@pytest.mark.parametrize("content", [BILLION_LAUGHS, EXTERNAL, "<!DOCTYPE a><a/>"])
def test_a_document_type_is_refused_before_it_can_do_anything(content):
    with pytest.raises(MappingError, match=r"document type.*Remove <!DOCTYPE"):
        read_xml(content, "policy.dmn")


def test_an_entity_that_nobody_declared_is_refused():
    with pytest.raises(MappingError, match=r"undefined entity.*policy.dmn, line 1"):
        read_xml("<a>&secret;</a>", "policy.dmn")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "no element found"),
        ("<a>", "no element found"),
        ("<a></b>", "mismatched tag"),
        ("<a/><b/>", "junk after document element"),
        ("not xml", "syntax error"),
        ('<a b="1" b="2"/>', "duplicate attribute"),
        ("<x:a/>", "unbound prefix"),
        (b"\xff\xfe\x00", "not well-formed|encoding|no element"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "encoding"),
        ("\ud800", "not valid Unicode"),
    ],
)
def test_what_is_not_xml_is_refused(content, problem):
    with pytest.raises(MappingError, match=problem):
        read_xml(content, "policy.dmn")


def test_nesting_is_bounded():
    deep = DEEPEST - 1
    assert read_xml("<a>" * deep + "</a>" * deep, "f").tag == "a"
    with pytest.raises(MappingError, match="nested more than 100 deep"):
        read_xml("<a>" * 1_000_000, "f")


def test_size_and_number_of_elements_are_bounded():
    with pytest.raises(MappingError, match="bytes"):
        read_xml("<a>" + " " * MOST_BYTES + "</a>", "f")
    start = time.perf_counter()
    with pytest.raises(MappingError, match="more than 200,000 elements"):
        read_xml("<a>" + "<b/>" * 1_000_000 + "</a>", "f")
    assert time.perf_counter() - start < 5


def test_names_are_tidied_and_bounded():
    assert read_xml('<a name=" two &#10; words "/>', "f").name() == "two words"
    with pytest.raises(MappingError, match="has 201 characters"):
        read_xml(f'<a name="{"n" * (LONGEST_NAME + 1)}"/>', "f").name()
