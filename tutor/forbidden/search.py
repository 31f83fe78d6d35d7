"""Whether a piece of text, with what stands before it, says one of the values: the guard's question (G4, G5)."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise
from typing import Final

from tutor.forbidden import encodings, mentions, numerals
from tutor.forbidden.mentions import WEAK, Mention, Read
from tutor.forbidden.numerals import FOREIGN_JOINTS
from tutor.forbidden.plain import plain, signs, squashed
from tutor.forbidden.values import Values

DIGITS_GAP: Final = 40  # characters between two digits that may still be one number
GROUP_GAP: Final = 40  # and between the members of a point or a list
SPELLED_MAX: Final = 60  # pieces of a spelled word
# What may stand between the digits of one number.
_FILLER: Final = re.compile(
    r"(?:[\s\-,.;:|_'\"#~$*(){}\[\]\\<>…]|\b(?:and|then|the|a|an|digits?|followed|by|first|second|third|last|next|is|it|after|that|"
    r"number|comes?|finally|tens?|ones?|units?|hundreds?|place|left|right|with|plus|text|point|decimal|its?|one)\b"
    r"|[然后接着再是数字位个十百第跟为和，、末尾]|1" + WEAK + r"|\d(?=\s*(?:位|个))|" + WEAK + r")*"
)
_UPSIDE: Final = re.compile(r"numerator|denominator|\btop\b|\bbottom\b|分子|分母")
_BACKWARDS: Final = re.compile(r"digit|位|last|revers|backward|倒|反")
_BELOW: Final = re.compile(
    r"-|\bnegative|\bminus|below|under|零下|负|debt|owes?\b|loss|less than (?:zero|0)|opposite|[<]"
)
_ANSWER: Final = re.compile(
    r"answer|solution|result|boxed|lösung|réponse|solución|respuesta|antwort|答案|结果|得数|答[:：]"
)
_GIVES: Final = re.compile(
    rf"(?:=|≈|→|=>|:|\||\b(?:is|are|it's|gives?|get|gets|yields?|makes?|becomes?|obtain|be|to|got|has|"
    rf"namely|was|were|print|ist|lautet|est|es|son|vale|gleich)|是|为|得到?|即)"
    rf"(?:[\s$({{\[\\*\"'{WEAK}]|\b(?:exactly|just|simply|then|the number|only|indeed|now|a|an|the|about)\b)*-?\s*\(?$"
)
_PHRASE_END: Final = re.compile(
    rf"[\s$)}}\]*\"'\\{WEAK}]*(?:$|[.,;!?)|\n…]|and\b|because|since|so\b|which|it is|"
    rf"of them|in all|altogether|in total|indeed|here|now\b|remember|因为|所以|了)"
)
_FORMULA_END: Final = re.compile(rf"[\s$)}}\]*\"'\\{WEAK}]*(?:$|[.,;!?)|\n…]|[^\W\d_]{{2,}}|[\u4e00-\u9fff])")
_TURNED: Final = re.compile(rf"{WEAK}?[\s$)}}]*(?:=|\bis\b)[\s$\\({{]*[a-z](?![a-z0-9(])")
_LIST_HEAD: Final = re.compile(
    r"(?:^|\n)[\s#>*$-]*(?:step|part|hint|question|第)?\s*$|\b(?:step|part|hint|question|第)\s*$"
)


def said(values: Values, before: str, text: str) -> bool:
    """Whether ``text``, which follows ``before``, gives a value away, by itself or together with what was said."""
    if _said_plainly(values, mentions.read(before, text)) or _spelled(values, before, text):
        return True
    announced = encodings.cued(before[-120:] + text)
    if (romans := encodings.romans(text, announced=announced)) != text and said(values, before, romans):
        return True
    if announced and _said_plainly(values.strict, mentions.read("", (before + text)[-60:].strip(" .!?…")[::-1])):
        return True
    return any(
        _said_plainly(values.strict, mentions.read("", other)) or _spelled(values, "", other)
        for other in encodings.undone(text, announced=announced)
        if other
    )


def _said_plainly(values: Values, read: Read) -> bool:
    new = [mention for mention in read.mentions if mention.end > read.border]
    worked = [found for found in mentions.worked_out(read.text) if found[1] > read.border]
    return (
        any(_number_said(values, read, mention) for mention in new)
        or any(_worked(values, read, *found) for found in worked)
        or any(_bound_said(values, read, *found) for found in [*worked, *((m.start, m.end, m.value) for m in new)])
        or _in_pieces(values, read)
        or _group_said(values, read)
        or _text_said(values, read)
    )


def _number_said(values: Values, read: Read, mention: Mention) -> bool:
    for value in {mention.value, -mention.value}:
        negative = value < 0 or (value == 0 and mention.value < 0)
        window = read.text[max(0, mention.start - 16) : mention.start] + " " + read.text[mention.end : mention.end + 30]
        if negative and not _BELOW.search(window):
            continue
        known = value in values.numbers or _rounded(value, mention, values.numbers)
        if value in values.open_numbers and "." in mention.digits and mention.digits not in values.digits:
            return True  # 2.0, where the statement has a 2
        is_open = value in values.open_numbers or _rounded(value, mention, values.open_numbers)
        if known and not mention.weak and not _in_list(read, mention):
            return True
        if (known or is_open) and _given(values, read, mention.start, mention.end):
            return True
    return False


def _rounded(value: Fraction, mention: Mention, numbers: frozenset[Fraction]) -> bool:
    """Whether it is one of the numbers as a decimal that was cut or rounded: 0.33 for 1/3."""
    places = len(mention.digits.partition(".")[2])
    if places < 2:
        return False
    step = Fraction(1, 10**places)
    return any(abs(number - value) < step and (number / step).denominator != 1 for number in numbers)


def _in_list(read: Read, mention: Mention) -> bool:
    """Whether it only counts: “3.” or “Step 3” where a 2 counted before it."""
    head, tail = read.text[: mention.start], read.text[mention.end : mention.end + 3]
    found = _LIST_HEAD.search(head[-40:])
    if found is None or not re.match(rf"{WEAK}?(?:[.):、]\s+\S|\s)|步", tail) or mention.value.denominator != 1:
        return False
    past = rf"(?:(?:^|\n)[\s#>*-]*|(?:step|part|hint|question|第)\s*){mention.value - 1}{WEAK}?\s*(?:[.):、\s]|步)"
    return mention.value == 1 or re.search(past, head) is not None


def _given(values: Values, read: Read, start: int, end: int) -> bool:
    """Whether what stands there is given as the answer, and not merely quoted from the statement."""
    before, after = read.text[max(0, start - 80) : start], read.text[end : end + 40]
    sentence = re.split(r"[.!?]\s|\n", before)[-1]
    rest = re.split(r"[.!?](?:\s|$)|\n", after)[0]
    if not re.search(r"[^\W\d_]|[=<>+*/^]", re.sub(r"\b(?:an?|the)\b", "", sentence) + rest):
        return True  # nothing else stands there
    if (
        re.match(r"[\s*$)}\]]*it is\b", after)
        or _TURNED.match(after)
        or _ANSWER.search(sentence)
        or _ANSWER.search(rest[:25])
    ):
        return True
    if _GIVES.search(sentence) is None:
        return False
    symbol = re.search(r"[=≈→][^a-z\d]*$", sentence) is not None
    quoted = squashed(" ".join(re.split(r"\s+", sentence)[-3:]) + read.text[start:end])
    if len(quoted) > 3 and quoted in values.statement and not re.fullmatch(r"[a-z]=-?[\d./]+", quoted):
        return False
    return (_FORMULA_END if symbol else _PHRASE_END).match(after) is not None


def _worked(values: Values, read: Read, start: int, end: int, value: Fraction) -> bool:
    """Whether a calculation has a forbidden result, and is none of the statement's own."""
    every = values.numbers | values.open_numbers
    if value not in every and not any(abs(value - one) < _NEAR and one.denominator not in _TENS for one in every):
        return False
    part = read.text[start:end].replace(WEAK, "")
    own = re.escape(squashed(part).strip(".+-/^"))
    quoted = re.search(rf"(?<![\d.]){own}(?!\d)", values.statement) is not None
    plain_fraction = value not in values.numbers and value in set(mentions.fractions(part))
    return _given(values, read, start, end) if quoted or plain_fraction else True


def _in_pieces(values: Values, read: Read) -> bool:
    """Digits one by one, “4 then 2”, numerator and denominator apart."""
    every = values.numbers | values.open_numbers  # nobody takes an open one to pieces without a reason
    wanted = {str(abs(number)) for number in every if number.denominator == 1}
    wanted |= {f"{float(abs(n)):f}".rstrip("0").replace(".", "") for n in every if n.denominator in _TENS}
    halves = {(Fraction(abs(n).numerator), Fraction(n.denominator)) for n in every if n.denominator > 1}
    longest = max(map(len, wanted), default=0)
    strong = tuple(mention for mention in read.mentions if not mention.weak)  # “the second one is 2”
    return any(_pieces_said(read, found, wanted, halves, longest) for found in {read.mentions, strong})


def _pieces_said(
    read: Read, found: tuple[Mention, ...], wanted: set[str], halves: set[tuple[Fraction, Fraction]], longest: int
) -> bool:
    for last, mention in enumerate(found):
        if mention.end <= read.border:
            continue
        run = [mention.digits.replace(".", "")]
        for place in range(last - 1, max(-1, last - 13), -1):
            gap = read.text[found[place].end : found[place + 1].start]
            upside = _UPSIDE.search(read.text[max(0, found[place].start - 30) : mention.end + 20])
            pair = (found[place].value, mention.value)
            if place == last - 1 and len(gap) <= DIGITS_GAP and upside and (pair in halves or pair[::-1] in halves):
                return True
            if len(gap) > DIGITS_GAP or not _FILLER.fullmatch(gap) or sum(map(len, run)) > longest:
                break
            run.insert(0, found[place].digits.replace(".", ""))
            around = read.text[max(0, found[place].start - 30) : mention.end + 12]
            if "".join(run) in wanted or (_BACKWARDS.search(around) and "".join(run[::-1]) in wanted):
                return True
    return False


_NEAR: Final = Fraction(1, 10_000)
_TENS: Final = frozenset(2**a * 5**b for a in range(7) for b in range(7)) - {1}


def _group_said(values: Values, read: Read) -> bool:
    for group in values.groups:
        size = len(group)
        for last in range(size - 1, len(read.mentions)):
            some = read.mentions[last - size + 1 : last + 1]
            near = all(after.start - one.end <= GROUP_GAP for one, after in pairwise(some))
            same = all(abs(one.value) == abs(member) for one, member in zip(some, group, strict=True))
            if some[-1].end > read.border and near and same:
                quoted = squashed(read.text[some[0].start : some[-1].end])
                if len(quoted) < 3 or quoted not in values.statement:
                    return True
    return False


def _bound_said(values: Values, read: Read, start: int, end: int, value: Fraction) -> bool:
    """“s < −4”, “−4 > s”, an interval that ends there; equality or not is the same to us."""
    head, tail = read.text[max(0, start - 14) : start], read.text[end : end + 16]
    for bound in values.bounds:
        if abs(value) != abs(bound.limit) or (bound.limit < 0 <= value and not re.search(r"-\s*\(?$", head)):
            continue
        turned = {"<": ">", ">": "<"}.get(bound.sign, bound.sign)
        near = re.search(rf"{re.escape(bound.sign)}[\s=$({{-]*$", head) or re.match(
            rf"[\s$)}}]*{re.escape(turned)}", tail
        )
        if near or "infinity" in head + tail or "∞" in head + tail:
            run = re.search(r"[^\s$]*\s*[<>]\s*-?\s*$", head)
            quoted = squashed((run[0] if run else "") + read.text[start:end])
            if len(quoted) < 3 or quoted not in values.statement:
                return True
    return False


def _text_said(values: Values, read: Read) -> bool:
    lower = read.text
    for pattern in (*values.formulas, *values.phrases):
        if any(found.end() > read.border for found in pattern.finditer(lower)):
            return True
    return any(
        found.end() > read.border and _given(values, read, *found.span())
        for pattern in values.open_phrases
        for found in pattern.finditer(lower)
    )


def _spelled(values: Values, before: str, text: str) -> bool:
    """s-e-v-e-n, sev**en**, neves, quarante-deux: pieces of words that are a word when put together."""
    if not values.spelled:
        return False
    head, tail = signs(plain(before[-80:])), signs(plain(text))
    whole = head + tail
    found = list(re.finditer(r"[^\W\d_]+", whole))
    pieces = [
        (match.end(), match[0])
        for earlier, match in zip([None, *found], found, strict=False)
        if match[0] not in FOREIGN_JOINTS or earlier is None or len(earlier[0]) == 1
    ]
    for last, (end, word) in enumerate(pieces):
        if end <= len(head):
            continue
        joined = word
        cut = end - len(word) < len(head)  # it was begun before, as in sev**en**
        if word in values.spelled and (cut or word not in numerals.WORDS - numerals.FOREIGN.keys()):
            return True
        longest = max(map(len, values.spelled))
        for place in range(last - 1, max(-1, last - SPELLED_MAX), -1):
            joined = pieces[place][1] + joined
            if len(joined) > longest or pieces[place + 1][0] - len(pieces[place + 1][1]) - pieces[place][0] > 4:
                break
            if joined in values.spelled:
                return True
    return False
