"""Sentences that call somebody's work right, in English and Chinese (G6). Words only: what a sentence means is not known.

A sentence that asks, that denies, or that speaks of a right angle is none. “Yes” counts only where somebody asked about a
value of her own: there it would be a verdict. What stands in the place of such a sentence is said here too.
"""

from __future__ import annotations

import re
from typing import Final

# Where a sentence may begin to praise; it is held from here to its end.
WORDS: Final = frozenset(
    [
        "correct",
        "correctly",
        "rightly",
        "right",
        "exactly",
        "precisely",
        "perfect",
        "perfectly",
        "accurate",
        "spot",
        "valid",
        "true",
        "flawless",
        "fine",
        "well",
        "good",
        "great",
        "nice",
        "nicely",
        "excellent",
        "bravo",
        "brilliant",
        "congratulations",
        "congrats",
        "wonderful",
        "fantastic",
        "awesome",
        "amazing",
        "superb",
        "indeed",
        "yes",
        "yep",
        "yeah",
        "nailed",
        "got",
        "solved",
        "found",
        "did",
        "way",
        "checks",
        "works",
        "matches",
        "agree",
        "absolutely",
        "job",
        "work",
        "done",
        "proud",
        "impressive",
    ]
)
BEGINNINGS: Final = frozenset(word[:end] for word in WORDS for end in range(1, len(word) + 1))
SIGNS: Final = frozenset("✓✔✅☑👍🎉💯🏆⭐👏")
HAN: Final = frozenset("对正没答做算无好棒恭完是嗯很太真厉")
_RIGHT: Final = r"(?:correct|right|perfect|accurate|spot[- ]on|valid|flawless|true|fine|exact|well done)"
# “right angle”, “right now”, “correct if …”: what follows takes the praise out of the word.
_NOUN: Final = (
    r"(?!\s*[- ]?(?:angle|angled|hand|handed|side|triangle|now|away|there|half|end|number of|order|place|way|formula|"
    r"bracket|to left|of|if|for|when|only|that))"
)
_VERDICT: Final = (
    r"(?:\b(?:is|are|was|were|looks?|seems?|sounds?|absolutely|totally|completely|entirely|indeed|answer|step|result|"
    r"solution)|['’](?:s|re))\s+(?:(?:\w+ly|all|quite|just|very|indeed|also|both|the)\s+)*"
) + rf"{_RIGHT}\b{_NOUN}"
_WHOLE: Final = (  # a sentence, or a part of one, that is nothing else
    r"(?:^|[,;:—]\s*)\W*(?:that['’]s\s+)?(?:(?:(?:exactly|perfectly|quite) )?"
    r"(?:correct|right|exactly|precisely|perfect|excellent|bravo|brilliant|indeed|"
    r"spot on|superb|absolutely)\W*(?:$|[,.!:;—])|"
    r"(?:great|good|nice|wonderful|fantastic|awesome|amazing|well done)\s*(?:$|[!.]))"
)
_GOOD: Final = (
    r"\b(?:well done|(?:good|great|nice|excellent|fantastic|awesome|amazing|wonderful|brilliant|superb) "
    r"(?:job|work|thinking|answer|solution|step)|nicely done|way to go|nailed it|congrat\w*|bravo|i agree|proud of you)\b"
)
_YOU: Final = (
    r"\byou(?:['’]ve| have)? (?:just )?(?:got (?:it|this|the (?:right|correct))|solved (?:it|this|the)|"
    r"did (?:it|great|well)|found (?:it|the (?:right|correct|answer|solution))|(?:\w+ ){0,2}(?:correctly|rightly|perfectly))\b"
    r"|\byour (?:\w+ ){1,3}(?:checks out|works|matches)\b"
    r"|\bthe (?:right|correct) (?:answer|result|solution|value)\b(?=\W*(?:$|[.!,]))"
)
_ENGLISH: Final = re.compile("|".join([_VERDICT, _WHOLE, _GOOD, _YOU, f"[{''.join(sorted(SIGNS))}]"]))
_DENIED: Final = re.compile(
    r"\b(?:not|never|no|cannot|hardly|whether|if|unless|until|once|when|check|make sure|see|how|why|what|which|would|should|"
    r"could|can|be|almost|incorrect|wrong|tell|say|sure|find|before|always)\b|n[’']t\b"
)
_CHINESE: Final = re.compile(
    r"(?<![不未没相绝面针反否])(?:正确|答对|做对|算对|没错|没有错|无误|说对|(?<![是相绝面])对(?:的|了|啦)(?!吗)|是对的)"
    r"|做得(?:很|非常|真|太)?(?:好|棒|对|不错)|(?:太|真|很)棒|(?:太|真)好了|恭喜|完美|厉害|干得好|好样的"
    r"|^\W*(?:对|没错|正确|很好|非常好)\W*(?:$|[，,。.！!])"
)
_CHINESE_DENIED: Final = re.compile(
    r"不|未必|是否|有没有|如果|检查|判断|看看|怎么|怎样|才能|为什么|哪|确认|验证|保证|写出|找|选|说明"
)
_YES: Final = re.compile(r"^\W*(?:yes|yep|yeah|yup|indeed|it is|that is it|是的?|对|嗯|没错)(?:\W|$)")


UNVERIFIED: Final = "I have not verified this yet."
UNVERIFIED_CHINESE: Final = "这里我还没有验证。"
_BEGINS: Final = re.compile(r"(?:^|[.!?;:。！？；：…\n]|[.!?;]['\"”’)*_]+)\s*[*_>#\-\s]*$")


def instead(before: str, text: str) -> str:
    """What is shown in place of a sentence that praises: one of our own that is true whatever was written (G6).

    In the middle of a sentence it breaks off first; said a moment ago, it is not said again.
    """
    said = UNVERIFIED_CHINESE if re.search(r"[\u4e00-\u9fff]", before[-40:] + text) else UNVERIFIED
    if said in before:
        return "…"
    said += "**" * (text.count("**") % 2)  # else bold type would not end
    if _BEGINS.search(before):
        return said
    return f"……{said}" if said.startswith(UNVERIFIED_CHINESE) else f"… {said}"


def praises(before: str, text: str, *, confirms: bool) -> bool:
    """Whether the sentence that ends with ``text`` says that work is right. ``confirms``: “yes” would say so too."""
    head = re.split(r"[.!?;]\s|[。！？；\n]", before)[-1].lower()
    sentence = (head + text.lower()).strip()
    if sentence.rstrip("*_\"')”’ ").endswith(("?", "？", "吗", "呢")):
        return False
    new = len(head)
    for pattern, denied, reach in ((_ENGLISH, _DENIED, 28), (_CHINESE, _CHINESE_DENIED, 8)):
        for found in pattern.finditer(head + text.lower()):
            earlier = (head + text.lower())[max(0, found.start() - reach) : found.start()]
            if found.end() > new and not denied.search(earlier):
                return True
    return confirms and _YES.match(sentence) is not None
