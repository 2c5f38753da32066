"""Reads the number and the bound out of a French quotation, so that a figure can be held against its own evidence.

``numbers`` gives every number the text states, with its bound (methods: "plus de" GE, "moins de" LE, "environ" APPROX,
"près de" LT_APPROX, otherwise EQ). What does not belong here: deciding what to do when they differ.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

_UNITS = {
    "zero": 0, "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7, "huit": 8, "neuf": 9,
    "dix": 10, "onze": 11, "douze": 12, "treize": 13, "quatorze": 14, "quinze": 15, "seize": 16,
    "vingt": 20, "vingts": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60,
    "septante": 70, "huitante": 80, "octante": 80, "nonante": 90,
}  # fmt: skip
_HUNDREDS = {"cent", "cents"}
_SCALES = {
    "mille": Decimal(1000),
    "milliers": Decimal(1000),
    "million": Decimal(10**6),
    "millions": Decimal(10**6),
    "milliard": Decimal(10**9),
    "milliards": Decimal(10**9),
    "mds": Decimal(10**9),
    "mmdh": Decimal(10**9),
    "mdh": Decimal(10**6),
}
_ORDINALS = {
    "premier": 1, "premiere": 1, "deuxieme": 2, "second": 2, "seconde": 2, "troisieme": 3, "quatrieme": 4, "cinquieme": 5,
    "sixieme": 6, "septieme": 7, "huitieme": 8, "neuvieme": 9, "dixieme": 10,
}  # fmt: skip
# A share stated by its name, as a percentage.
_FRACTIONS = {
    "moitie": Decimal(50),
    "tiers": Decimal(100) / Decimal(3),
    "quart": Decimal(25),
    "quarts": Decimal(25),
}
# Round numbers that are approximate by their very word.
_ROUND = {
    "dizaine": 10, "douzaine": 12, "quinzaine": 15, "vingtaine": 20, "trentaine": 30, "quarantaine": 40,
    "cinquantaine": 50, "soixantaine": 60, "centaine": 100, "millier": 1000,
}  # fmt: skip
# Longest first: "pas moins de" must not be read as "moins de".
_BOUNDS = (
    ("pas moins de", "GE"),
    ("pas moins d'", "GE"),
    ("pas plus de", "LE"),
    ("pas plus d'", "LE"),
    ("plus de", "GE"),
    ("plus d'", "GE"),
    ("au moins", "GE"),
    ("au-dela de", "GE"),
    ("jusqu'a", "LE"),
    ("moins de", "LE"),
    ("moins d'", "LE"),
    ("a peine", "LE"),
    ("pres de", "LT_APPROX"),
    ("pres d'", "LT_APPROX"),
    ("presque", "LT_APPROX"),
    ("quasi", "LT_APPROX"),
    ("environ", "APPROX"),
    ("quelque", "APPROX"),
)
_DIGITS = re.compile(r"[1-9]\d{0,2}(?:[ .\u202f\u00a0]\d{3})+(?!\d)(?:,\d+)?|\d+(?:[.,]\d+)?")
_TOKEN = re.compile(rf"(?P<digits>{_DIGITS.pattern})|(?P<word>[a-z]+(?:-[a-z]+)*)|(?P<mark>[%;:.,])")


@dataclass(frozen=True)
class Stated:
    """A number a text states: its value in units (a percentage for shares), its bound, the text it was read from.

    ``exact`` is False for a share that decimals cannot write out (one in three): it is then compared as rounded.
    """

    value: Decimal
    bound: str
    text: str
    exact: bool = True


def parse_digits(text: str) -> Decimal:
    """A number in French digits: dots, blanks and no-break blanks group thousands, a comma starts the decimals.

    A dot that is not followed by exactly three digits is a decimal point ("3.5"). Raises ValueError.
    """
    folded = unicodedata.normalize("NFKC", text).strip()
    if not _DIGITS.fullmatch(folded):
        raise ValueError(f"{text!r} is not a number in French digits")
    if re.fullmatch(r"[1-9]\d{0,2}(?:[ .]\d{3})+(?:,\d+)?", folded):
        folded = folded.replace(" ", "").replace(".", "")
    return Decimal(folded.replace(",", "."))


def _fold(text: str) -> str:
    """Lower case, no accents, plain blanks and straight apostrophes: what the words are compared in."""
    spaced = re.sub(r"\s+", " ", text.replace("\u2019", "'").replace("\u202f", " ").replace("\u00a0", " ")).lower()
    return "".join(c for c in unicodedata.normalize("NFKD", spaced) if not unicodedata.combining(c))


def _words_value(words: list[str]) -> Decimal | None:
    """Value of a run of number words ("vingt", "deux" -> 22; "deux", "cent", "trente" -> 230), None when it is not one."""
    total = 0
    for word in words:
        if word in _HUNDREDS:
            # "mille deux cents": only what follows the thousands is multiplied.
            total += max(total % 1000, 1) * 100 - total % 1000
        elif word == "mille":
            total = max(total, 1) * 1000
        elif word in _UNITS:
            value = _UNITS[word]
            # "quatre-vingt(s)" multiplies; everything else adds.
            total = total + 76 if word.startswith("vingt") and total % 100 == 4 else total + value
        else:
            return None
    return Decimal(total)


def _bound_before(text: str) -> str:
    """The bound that the words right before a number set; EQ when they set none."""
    for words, bound in _BOUNDS:
        if re.search(rf"(?:^|[\s'(«\"]){re.escape(words)}\s*(?:la |les |le |l'|un |une )?$", text):
            return bound
    return "EQ"


def numbers(text: str) -> list[Stated]:
    """Every number ``text`` states, in the order of reading; years and dates are numbers too."""
    folded = _fold(text)
    tokens = list(_TOKEN.finditer(folded))
    found: list[Stated] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        start, end, value = token.start(), position + 1, None
        if token["digits"]:
            value = parse_digits(token["digits"])
        elif token["word"] in _ROUND:
            found.append(Stated(Decimal(_ROUND[token["word"]]), "APPROX", token["word"]))
        elif token["word"]:
            value, end = _read_words(tokens, position)
        if value is None:
            position += 1
            continue
        if end < len(tokens) and tokens[end]["word"] in _SCALES:
            value *= _SCALES[tokens[end]["word"]]
            end += 1
        exact = tokens[end - 1]["word"] != "tiers"
        found.append(Stated(value, _bound_before(folded[:start]), folded[start : tokens[end - 1].end()], exact))
        position = end
    return [*found, *_ratios(folded)]


def _read_words(tokens: list[re.Match[str]], position: int) -> tuple[Decimal | None, int]:
    word = tokens[position]["word"]
    if word in _ORDINALS:
        return Decimal(_ORDINALS[word]), position + 1
    if word in _FRACTIONS:
        return _FRACTIONS[word], position + 1
    words: list[str] = []
    end = position
    while end < len(tokens) and tokens[end]["word"]:
        parts = [part for part in tokens[end]["word"].split("-") if part != "et"]
        if tokens[end]["word"] == "et" and words and end + 1 < len(tokens) and tokens[end + 1]["word"] in ("un", "une", "onze"):
            end += 1
            continue
        if _words_value(parts) is None or not parts:
            break
        words += parts
        end += 1
    after = tokens[end]["word"] if end < len(tokens) else None
    if words and after in _FRACTIONS:
        # "deux tiers", "trois quarts"
        return (_words_value(words) or 0) * _FRACTIONS[after], end + 1
    # A lone "un" or "une" is the article, not a number, unless it counts millions.
    if not words or (words in (["un"], ["une"]) and after not in _SCALES):
        return None, position + 1
    return _words_value(words), end


def _ratios(folded: str) -> list[Stated]:
    """Shares stated as one in n ("un foyer sur trois"), read as the percentage they stand for."""
    stated = []
    for match in re.finditer(r"\b(un|une|deux|trois|\d+) [a-z]+ sur (\w+)", folded):
        part = _words_value([match[1]]) if not match[1].isdigit() else Decimal(match[1])
        whole = _words_value([match[2]]) if not match[2].isdigit() else Decimal(match[2])
        if part is not None and whole:
            share = 100 * part / whole
            stated.append(Stated(share, _bound_before(folded[: match.start()]), match[0], share * whole == 100 * part))
    return stated


def agrees(stated: Stated, value: Decimal, decimals: int) -> bool:
    """Whether ``value``, printed with so many decimals, is the number stated.

    Equality, but for a share that decimals cannot write out: half a unit of the last printed digit.
    """
    if stated.exact:
        return stated.value == value
    return abs(stated.value - value) * 2 <= Decimal(1).scaleb(-decimals)
