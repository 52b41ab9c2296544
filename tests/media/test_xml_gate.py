import pytest
from hypothesis import given
from hypothesis import strategies as st

from f2s_ray.errors import MediaError
from f2s_ray.media.xml_gate import plain_xml
from tests.media.xmp_samples import bomb, digikam


def kind_of(data: bytes) -> str:
    with pytest.raises(MediaError) as caught:
        plain_xml(data, "a.xmp")
    assert caught.value.message.startswith("a.xmp: ")
    assert "\n" not in caught.value.message
    return caught.value.kind


def refusal(data: bytes) -> str | None:
    try:
        plain_xml(data, "a.xmp")
    except MediaError as error:
        return error.kind
    return None


def test_a_harmless_document_passes_as_it_is():
    assert plain_xml(digikam(), "a.xmp") == digikam()


def test_entities_are_refused_before_any_is_expanded(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret words")
    assert kind_of(bomb(secret.as_uri())) == "entities"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8"])
def test_a_doctype_is_refused_in_every_encoding(encoding):
    text = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'
    data = text.encode(encoding)
    assert kind_of(b"\xff\xfe" + data if encoding == "utf-16-le" else data) in ("entities", "broken")


def test_utf_16_becomes_utf_8_without_its_old_declaration():
    text = '<?xml version="1.0" encoding="UTF-16"?>\n<a b="\u00c5"/>'
    assert plain_xml(text.encode("utf-16"), "a.xmp") == '<a b="\u00c5"/>'.encode()


RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'


@pytest.mark.parametrize(
    "text",
    [
        "<a>" * 70 + "</a>" * 70,
        "<a>" * 1_000_000,
        "<a>" + "<b/>" * 20_000 + "</a>",
        "<a " + " ".join(f'a{number}="b"' for number in range(20_000)) + "/>",
        f"<a {RDF}>" + "<rdf:li/>" * 500_001 + "</a>",
        "<a>" + "".join(f'<b xmlns:n{number}="http://{number}/"/>' for number in range(1_001)) + "</a>",
        " " * ((16 << 20) + 1),
    ],
    ids=["deep", "deeper", "elements", "attributes", "members", "namespaces", "bytes"],
)
def test_there_is_a_bound_to_everything(text):
    assert kind_of(text.encode()) == "too_large"


def test_a_much_edited_photo_has_long_lists():
    text = f"<a {RDF}>" + "<rdf:li>d 0.1 0.2</rdf:li>" * 100_000 + "</a>"
    assert plain_xml(text.encode(), "a.xmp") == text.encode()


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_whatever_comes_passes_or_is_refused_in_one_line(data):
    assert refusal(data) in (None, "broken", "entities", "too_large")


@given(st.data())
def test_a_damaged_sidecar_passes_or_is_refused(data):
    whole = bytearray(digikam())
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    assert refusal(bytes(whole)) in (None, "broken", "entities", "too_large")
