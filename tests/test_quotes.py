"""Numbers and bounds read out of French text: what is written reads back to itself, and the real quotes bear their figures."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.quotes import Stated, agrees, numbers, parse_digits
from tests.house import Real

BLANKS = {"dot": ".", "blank": " ", "no-break": "\u00a0", "narrow": "\u202f", "none": ""}

_TO_16 = (
    "zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze", "treize",
    "quatorze", "quinze", "seize",
)  # fmt: skip
_TENS = {20: "vingt", 30: "trente", 40: "quarante", 50: "cinquante", 60: "soixante"}


def in_words(number: int) -> str:
    """``number`` (0..9999) as French writes it."""
    if number <= 16:
        return _TO_16[number]
    if number < 20:
        return f"dix-{_TO_16[number - 10]}"
    if number < 70:
        tens, unit = number - number % 10, number % 10
        return _TENS[tens] + ("" if unit == 0 else " et un" if unit == 1 else f"-{_TO_16[unit]}")
    if number < 80:
        return "soixante et onze" if number == 71 else f"soixante-{in_words(number - 60)}"
    if number < 100:
        return "quatre-vingts" if number == 80 else f"quatre-vingt-{in_words(number - 80)}"
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        head = "cent" if hundreds == 1 else f"{_TO_16[hundreds]} cent{'' if rest else 's'}"
        return head if rest == 0 else f"{head} {in_words(rest)}"
    thousands, rest = divmod(number, 1000)
    head = "mille" if thousands == 1 else f"{_TO_16[thousands]} mille"
    return head if rest == 0 else f"{head} {in_words(rest)}"


def values(text: str) -> list[Decimal]:
    return [stated.value for stated in numbers(text)]


def grouped(number: int, mark: str) -> str:
    return f"{number:,}".replace(",", mark)


@given(
    number=st.integers(0, 10**12),
    decimals=st.one_of(st.just(""), st.from_regex(r"[0-9]{1,6}", fullmatch=True)),
    mark=st.sampled_from(sorted(BLANKS)),
    sentence=st.sampled_from(["{}", "{} entreprises", "soit {} DH", "{}%", "({})", "l’étude coûtera {} dirhams."]),
)
def test_digits_grouped_the_french_way_read_back(number: int, decimals: str, mark: str, sentence: str) -> None:
    printed = grouped(number, BLANKS[mark]) + (f",{decimals}" if decimals else "")
    value = Decimal(f"{number}.{decimals or '0'}")

    assert parse_digits(printed) == value
    assert values(sentence.format(printed)) == [value]


@given(
    number=st.integers(0, 9_999).filter(lambda number: number != 1), sentence=st.sampled_from(["{}", "les {} sites", "Ces {}."])
)
def test_numbers_in_words_read_back(number: int, sentence: str) -> None:
    # A lone "un" is the article.
    assert values(sentence.format(in_words(number))) == [Decimal(number)]


def test_every_number_in_words_up_to_ten_thousand_reads_back() -> None:
    wrong = [number for number in range(10_000) if number != 1 and values(in_words(number)) != [Decimal(number)]]

    assert wrong == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("26 milliards de dirhams", 26 * 10**9),
        ("4,5 millions de dirhams", 4_500_000),
        ("vingt-deux millions", 22_000_000),
        ("12 mille emplois", 12_000),
        ("120 MDH", 120 * 10**6),
        ("1,3 mds", 1_300_000_000),
        ("à sa troisième phase", 3),
        ("1.876.976 entreprises", 1_876_976),
        ("3.5 millions", 3_500_000),
        ("quatre-vingt-dix-sept", 97),
    ],
)
def test_scales_and_ordinals(text: str, value: int) -> None:
    assert values(text) == [Decimal(value)]


@pytest.mark.parametrize("text", ["", "une étude", "un projet", "le digital", "des milliers d'emplois"])
def test_text_without_a_number_states_none(text: str) -> None:
    assert numbers(text) == []


# The table of bounds: French words and the bound they set.
BOUNDS = {
    "plus de": "GE", "au moins": "GE", "pas moins de": "GE", "au-delà de": "GE",
    "près de": "LT_APPROX", "presque": "LT_APPROX", "quasi": "LT_APPROX",
    "environ": "APPROX", "quelque": "APPROX",
    "jusqu’à": "LE", "jusqu'à": "LE", "moins de": "LE", "à peine": "LE",
    "": "EQ", "les": "EQ", "soit": "EQ", "entre": "EQ",
}  # fmt: skip


@pytest.mark.parametrize(("words", "bound"), BOUNDS.items())
@pytest.mark.parametrize(
    ("number", "value"), [("35.000", 35_000), ("26 milliards", 26 * 10**9), ("vingt-deux", 22), ("la moitié", 50)]
)
def test_words_before_a_number_set_its_bound(words: str, bound: str, number: str, value: int) -> None:
    for sentence in (
        f"{words} {number}",
        f"il y a {words} {number} ici",
        f"{words.capitalize()} {number}",
        f"« {words} {number} »",
    ):
        assert [(each.value, each.bound) for each in numbers(sentence)] == [(value, bound)], sentence


def test_a_bound_belongs_to_its_own_number_only() -> None:
    said = numbers("plus de 26 milliards en 2024, environ 70 projets et 4 axes")

    assert [(each.value, each.bound) for each in said] == [(26 * 10**9, "GE"), (2024, "EQ"), (70, "APPROX"), (4, "EQ")]


def test_round_words_are_approximate() -> None:
    assert [(each.value, each.bound) for each in numbers("une centaine de startups")] == [(100, "APPROX")]


def test_one_in_three_is_compared_as_rounded() -> None:
    share = next(each for each in numbers("Un foyer sur trois est connecté à Internet") if not each.exact)

    assert share.bound == "EQ"
    assert agrees(share, Decimal("33.3"), 1)
    assert agrees(share, Decimal("33.3333"), 4)
    assert not agrees(share, Decimal("33.4"), 1)
    assert not agrees(share, Decimal("33.3334"), 4)
    assert not agrees(Stated(Decimal(35_000), "GE", "35.000"), Decimal("35000.1"), 1)


def test_one_in_five_keeps_its_bound() -> None:
    assert (Decimal(20), "LT_APPROX") in [(each.value, each.bound) for each in numbers("près d'un Marocain sur cinq")]


@pytest.mark.parametrize(
    ("text", "value", "bound"),
    [
        pytest.param("un million d'abonnés", 10**6, "EQ", id="un-million"),
        pytest.param("plus d'un million d'abonnés", 10**6, "GE", id="plus-d-un-million"),
        pytest.param("plus d’un foyer sur quatre", 25, "GE", id="plus-d-un-sur"),
        pytest.param("moins d'un foyer sur quatre", 25, "LE", id="moins-d-un-sur"),
        pytest.param("plus d'un quart des foyers", 25, "GE", id="plus-d-un-quart"),
        pytest.param("pas plus de 35.000 emplois", 35_000, "LE", id="pas-plus-de"),
        pytest.param("trois quarts des foyers", 75, "EQ", id="trois-quarts"),
        pytest.param("un indice de 0.684", Decimal("0.684"), "EQ", id="point-after-zero"),
    ],
)
def test_turns_of_phrase_that_are_not_read_yet(text: str, value: int | Decimal, bound: str) -> None:
    assert (Decimal(value), bound) in [(each.value, each.bound) for each in numbers(text)]


def test_two_thirds_are_not_one_third() -> None:
    assert not any(agrees(each, Decimal("33.3"), 1) for each in numbers("les deux tiers des foyers"))


def test_every_quoted_figure_of_the_real_data_is_what_its_quote_states(real: Real) -> None:
    quoted = real.connection.execute(
        "select quote, obs_value, unit_mult, decimals, bound from raw.observations where quote is not null"
    ).fetchall()

    assert len(quoted) >= 20
    for quote, value, multiplier, decimals, bound in quoted:
        exact = Decimal(value).scaleb(multiplier)
        stated = [each for each in numbers(quote) if agrees(each, exact, decimals - multiplier)]
        assert bound in [each.bound for each in stated], (quote, value, bound)
