"""From tokens to a tree: recursive descent, bounded in depth. ``read`` is the door.

Products without a sign bind as ``*`` does, but ``1/2x`` is refused, for people mean both things by it. A number before a
written fraction is a mixed number: ``2\\frac{1}{2}``, ``2 1/2``, ``2½``.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from tutor.checker.atoms import Atoms
from tutor.checker.tokens import tokens_read
from tutor.checker.tree import (
    Apply,
    Number,
    ParseError,
    Reading,
    Relation,
    Several,
    Symbol,
    Tree,
    Words,
    has,
    negated,
)

_FUNCTION_HEAD: Final = re.compile(r"([A-Za-z]'*)(\^\{-1\}|\^-1)?\([A-Za-z]\)=")
# Answers that are words; what else is in words is no mathematics.
_PHRASES: Final = {
    "no solution": "no solution", "no solutions": "no solution", "no real solution": "no real solution",
    "all real numbers": "all real numbers", "infinitely many solutions": "infinitely many solutions",
    "undefined": "undefined", "und": "undefined", "dne": "undefined", "does not exist": "undefined",
    "none": "none", "yes": "yes", "no": "no", "true": "true", "false": "false",
}  # fmt: skip


def read(text: str) -> Reading:
    """What a line means. Raises ParseError with the column at which it stops making sense."""
    phrase = _PHRASES.get(" ".join(text.replace("$", " ").lower().rstrip(" .").split()))
    if phrase is not None:
        return Reading(Words(phrase))
    grammar = Grammar(tokens_read(text))
    return Reading(_alternatives(grammar.statement()), frozenset(grammar.units))


class Grammar(Atoms):
    """Statements, relations, sums and products; what stands between their signs is in ``Atoms``."""

    def statement(self) -> Tree:
        if self.here.kind == "end":
            raise ParseError("there is nothing to read", 1)
        head = self._function_head()
        tree = self._parts(head, until="end")
        if self.here.kind != "end":
            raise ParseError(f"“{self.here.text}” does not belong here", self.here.column)
        return tree

    def _function_head(self) -> Tree | None:
        """``f(x) =`` at the very beginning names what follows; anywhere else letters before brackets are factors."""
        ahead = "".join(token.text for token in self.tokens[:11])
        found = _FUNCTION_HEAD.match(ahead)
        if found is None:
            return None
        while self.here.kind != "sign":
            self.advance()
        return Symbol(found[0].removesuffix("="))

    def _parts(self, head: Tree | None, until: str) -> Tree:
        """Relations or expressions with commas, semicolons, “and”, “or” or line ends between them."""
        parts = [self.relation(head)]
        words: set[str] = set()
        while self.here.kind in {",", ";", "sep", "\\\\"} and self.here.kind != until:
            words.add(self.here.text)
            while self.here.kind in {",", ";", "sep", "\\\\"}:
                words.add(self.advance().text)
            if self.here.kind in {"end", until}:
                break
            parts.append(self.relation(None))
        if len(parts) == 1:
            return parts[0]
        kind = "or" if "or" in words else "and" if words & {"and", "\\\\"} else "list"
        return Several(kind, tuple(parts))

    def relation(self, head: Tree | None) -> Tree:
        if self.here.kind == "begin":
            return self.block()
        sides, signs = [head or self.sum()], []
        while self.here.kind == "sign":
            signs.append(self.advance().text)
            sides.append(self.sum())
        return Relation(tuple(sides), tuple(signs)) if signs else sides[0]

    def block(self) -> Tree:
        """``cases`` is a system; any other environment is a table of rows."""
        opened = self.advance()
        if opened.text in {"cases", "aligned", "align", "align*"}:
            tree = self._parts(None, until="end")
        else:
            rows = [self._row()]
            while self.here.kind == "\\\\":
                self.advance()
                rows.append(self._row())
            tree = Several("matrix", tuple(rows))
        # The edge of the block and the end of the text are both of kind ``end``; only the first has a text.
        if self.here.kind != "end" or self.here.text != opened.text:
            raise ParseError(f"“{opened.text}” is not closed", self.here.column)
        self.advance()
        return Several("and", tree.parts) if isinstance(tree, Several) and tree.kind == "list" else tree

    def _row(self) -> Tree:
        cells = [self._cell()]
        while self.here.kind in {"&", "|"}:
            self.advance()
            cells.append(self._cell())
        return Several("row", tuple(cells))

    def _cell(self) -> Tree:
        self.in_table = True
        cell = self.sum()
        self.in_table = False
        return cell

    def sum(self) -> Tree:
        with self.deeper():
            terms = [self.product()]
            while self.here.kind in {"+", "-", "±"}:
                sign = self.advance().kind
                term = self.product()
                terms.append(term if sign == "+" else negated(term) if sign == "-" else Apply("±", (term,)))
            return terms[0] if len(terms) == 1 else Apply("+", tuple(terms))

    def product(self) -> Tree:
        factors = self.mixed(self.unary())
        while True:
            kind = self.here.kind
            if kind == "*":
                self.advance()
                factors = _times(factors, self.mixed(self.unary()))
            elif kind in {"/", "÷"}:
                sign = self.advance()
                below = self.mixed(self.unary())
                if self.starts_factor() and self.here.glued:
                    column, example = sign.column, "“1/2x” has two meanings; write (1/2)x or 1/(2x)"
                    raise ParseError(example, column)
                factors = Apply("/", (factors, below))
            elif self.starts_factor():
                if self.here.kind == "number" == self.past.kind:
                    raise ParseError("two numbers stand side by side", self.here.column)
                factors = _times(factors, self.power())
            else:
                return factors

    def mixed(self, whole: Tree) -> Tree:
        """``2 1/2`` and ``2\\frac{1}{2}`` are two and a half; two numbers side by side are nothing else."""
        plain = whole.args[0] if isinstance(whole, Apply) and whole.op == "-" else whole
        if not isinstance(plain, Number) or plain.value.denominator != 1 or plain.places or self.past.kind != "number":
            return whole
        part = self.fraction_ahead()
        if part is None:
            return whole
        size = abs(plain.value) + part
        return Number(-size if plain.value < 0 else size)

    def fraction_ahead(self) -> Fraction | None:
        """The proper fraction of two written numbers that stands here, taken; None, and nothing taken, if none does."""
        if self.here.kind == "vulgar":
            return Fraction(self.advance().text.replace("⁄", "/"))
        kinds = [token.kind for token in self.tokens[self.at : self.at + 7]]
        texts = [token.text for token in self.tokens[self.at : self.at + 7]]
        if kinds[:3] == ["number", "/", "number"]:
            places, taken = (texts[0], texts[2]), 3
        elif kinds == ["function", "{", "number", "}", "{", "number", "}"] and texts[0] == "frac":
            places, taken = (texts[2], texts[5]), 7
        else:
            return None
        top, bottom = places
        if not (top.isdigit() and bottom.isdigit() and 0 < int(top) < int(bottom)):
            return None
        self.at += taken
        return Fraction(int(top), int(bottom))


def _times(left: Tree, right: Tree) -> Tree:
    before = left.args if isinstance(left, Apply) and left.op == "*" else (left,)
    return Apply("*", (*before, right))


def _alternatives(tree: Tree) -> Tree:
    """``±`` is two things: all signs above, or all signs below."""
    if not has(tree, "±"):
        return tree
    return Several("or" if isinstance(tree, Relation) else "list", (_signed(tree, True), _signed(tree, False)))


def _signed(tree: Tree, above: bool) -> Tree:
    if isinstance(tree, Apply):
        args = tuple(_signed(one, above) for one in tree.args)
        if tree.op == "±":
            return args[0] if above else negated(args[0])
        return Apply(tree.op, args)
    if isinstance(tree, Relation):
        return Relation(tuple(_signed(one, above) for one in tree.sides), tree.signs)
    if isinstance(tree, Several):
        return Several(tree.kind, tuple(_signed(one, above) for one in tree.parts))
    return tree
