"""IPTC's kind of a picture's source, `DigitalSourceType`, as XMP says it: read, and put in."""

import re
from contextlib import suppress
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from config.errors import IdentityWorkerError

_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_NAME = f"{_IPTC} DigitalSourceType"
#: Longest value that is kept, in characters.
_MOST_CHARACTERS = 200

#: Where IPTC's terms are (IPTC NewsCodes, *Digital Source Type*), and the one for what a model has drawn.
VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"
TRAINED = VOCABULARY + "trainedAlgorithmicMedia"
#: All terms of the vocabulary, the retired ones too.
TERMS = frozenset(
    (
        *(
            "algorithmicMedia",
            "algorithmicallyEnhanced",
            "composite",
            "compositeCapture",
            "compositeSynthetic",
        ),
        *("compositeWithTrainedAlgorithmicMedia", "computationalCapture", "dataDrivenMedia"),
        *("digitalArt", "digitalCapture", "digitalCreation", "humanEdits", "minorHumanEdits", "negativeFilm"),
        *("multiFrameComputationalCapture", "positiveFilm", "print", "screenCapture", "softwareImage"),
        *("trainedAlgorithmicMedia", "virtualRecording"),
    )
)

_TERM = re.compile(r"https?://cv\.iptc\.org/newscodes/digitalsourcetype/(\w+)")
_END = re.compile(rb"</[\w-]*:?RDF\s*>(?!.*</[\w-]*:?RDF\s*>)", re.DOTALL)


class _FoundError(IdentityWorkerError):
    """Ends the reading of a packet."""


def is_term(value: str) -> bool:
    """Return whether a value is a term of IPTC's vocabulary."""
    match = _TERM.fullmatch(value)
    return match is not None and match[1] in TERMS


def source_type(packet: bytes) -> str | None:
    """Return the first DigitalSourceType of an XMP packet; None where there is none or it can't be read.

    A packet that declares a document type is not read: XMP has none, and entities make a small text grow.
    """
    found, inside = list[str](), [False]
    parser = expat.ParserCreate(namespace_separator=" ")

    def refuse(*_: object) -> None:
        raise _FoundError

    def begin(name: str, attributes: dict[str, str]) -> None:
        inside[0] = name == _NAME
        value = attributes.get(_NAME) or (attributes.get(f"{_RDF} resource") if inside[0] else None)
        if value:
            found[:] = [value]
            raise _FoundError

    def text(data: str) -> None:
        if inside[0]:
            found.append(data)

    def end(_: str) -> None:
        if inside[0] and "".join(found).strip():
            raise _FoundError
        inside[0] = False

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler, parser.CharacterDataHandler, parser.EndElementHandler = begin, text, end
    with suppress(_FoundError, expat.ExpatError):
        parser.Parse(packet, True)
    return "".join(found).strip()[:_MOST_CHARACTERS] or None


def with_source_type(packet: bytes | None, value: str) -> bytes:
    """Return a packet with a DigitalSourceType: a new one, or a given one to which it is added.

    Raises ValueError for a packet that is no XMP.
    """
    said = (
        f'<rdf:Description rdf:about="" xmlns:rdf="{_RDF}" xmlns:Iptc4xmpExt="{_IPTC}" '
        f"Iptc4xmpExt:DigitalSourceType={quoteattr(value)}/>"
    ).encode()
    if packet is None:
        begin = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        root = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}">'.encode()
        return begin + root + said + b'</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    end = _END.search(packet)
    if end is None:
        raise ValueError("its XMP packet has no end of RDF")
    return packet[: end.start()] + said + packet[end.start() :]
