"""What stands between the signs of a sum or product: numbers, letters, brackets, functions, powers, units."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Final

from tutor.checker.tokens import Token
from tutor.checker.tree import DEPTH_MAX, Apply, Constant, Number, ParseError, Several, Symbol, Tree, negated

CLOSING: Final = {"(": (")", "]"), "[": ("]", ")"), "{": ("}",)}
STARTS: Final = frozenset({"number", "vulgar", "name", "constant", "function", "(", "{", "√", "[", "money"})
INVERSE: Final = {"sin": "asin", "cos": "acos", "tan": "atan"}
HALF_TURN: Final = Fraction(180)
OPAQUE: Final = frozenset("fg")  # letters that before a bracket are functions, not factors


class Atoms(ABC):
    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens, self.at, self.depth = tokens, 0, 0
        self.bars = 0  # absolute values that are open
        self.angles = 0  # inside how many trigonometric functions
        self.in_table = False
        self.units: set[str] = set()

    @abstractmethod
    def sum(self) -> Tree: ...

    @property
    def here(self) -> Token:
        return self.tokens[self.at]

    @property
    def past(self) -> Token:
        return self.tokens[self.at - 1]

    def advance(self) -> Token:
        token = self.here
        if self.at < len(self.tokens) - 1:
            self.at += 1
        return token

    def take(self, *kinds: str) -> Token:
        if self.here.kind not in kinds:
            found = f"“{self.here.text}” stands" if self.here.text else "the line ends"
            raise ParseError(f"{found} where “{kinds[0]}” should", self.here.column)
        return self.advance()

    @contextmanager
    def deeper(self) -> Iterator[None]:
        self.depth += 1
        if self.depth > 2 * DEPTH_MAX:  # a bracket is a level, and the sum in it another
            raise ParseError(f"it is nested deeper than {DEPTH_MAX} levels", self.here.column)
        yield
        self.depth -= 1

    def starts_factor(self) -> bool:
        """Whether what stands here can be a factor without a sign before it."""
        if self.here.kind == "|":
            return not self.bars and not self.in_table
        return self.here.kind in STARTS

    def unary(self) -> Tree:
        minus, plusminus = 0, False
        while self.here.kind in {"+", "-", "±"}:
            kind = self.advance().kind
            minus += kind == "-"
            plusminus = plusminus or kind == "±"
        tree = self.power()
        tree = negated(tree) if minus % 2 else tree
        return Apply("±", (tree,)) if plusminus else tree

    def power(self) -> Tree:
        tree = self._after(self.atom())
        while self.here.kind in {"^", "power"}:
            if self.here.kind == "power":
                exponent: Tree = Number(Fraction(int(self.advance().text)))
            else:
                self.advance()
                if self._degrees_ahead():
                    tree = self._degrees(tree)
                    continue
                exponent = self._exponent()
            # A power of a power written without brackets, 2^3^2, goes from the right.
            tree = self._after(Apply("^", (tree, exponent)))
        return tree

    def _exponent(self) -> Tree:
        with self.deeper():
            sign = 1
            while self.here.kind in {"+", "-"}:
                sign *= -1 if self.advance().kind == "-" else 1
            tree = self.atom()
            if self.here.kind == "^":
                self.advance()
                tree = Apply("^", (tree, self._exponent()))
            return negated(tree) if sign < 0 else tree

    def _degrees_ahead(self) -> bool:
        """``^\\circ`` or ``^{\\circ}``."""
        if self.here.kind == "°":
            return True
        return [token.kind for token in self.tokens[self.at : self.at + 3]] == ["{", "°", "}"]

    def _degrees(self, tree: Tree) -> Tree:
        while self.here.kind in {"{", "°"}:
            if self.advance().kind == "°":
                break
        if self.here.kind == "}" and self.tokens[self.at - 2].kind == "{":
            self.advance()
        if self.angles:
            return Apply("/", (Apply("*", (tree, Constant("pi"))), Number(HALF_TURN)))
        self.units.add("°")
        return tree

    def _after(self, tree: Tree) -> Tree:
        """Signs and units behind something: ``5!``, ``25 %``, ``30°``, ``12 km/h``, ``3 cm^2``."""
        while True:
            kind = self.here.kind
            if kind == "!":
                self.advance()
                tree = Apply("!", (tree,))
            elif kind == "%":
                sign = self.advance()
                if self.here.kind in {"number", "name", "("}:
                    raise ParseError("“%” has another meaning here; write “mod” problems in words", sign.column)
                places = tree.places + 2 if isinstance(tree, Number) else 0
                tree = Number(tree.value / 100, places) if isinstance(tree, Number) else _percent(tree)
            elif kind == "°":
                tree = self._degrees(tree)
            elif kind in {"unit", "money"} and (kind == "unit" or self.tokens[self.at + 1].kind != "number"):
                self._unit()
            else:
                return tree

    def _unit(self) -> None:
        name = self.advance().text
        while self.here.kind in {"/", "^", "power", "unit"}:
            following = self.tokens[min(self.at + 1, len(self.tokens) - 1)]
            if self.here.kind == "/" and following.kind not in {"unit", "name"}:
                break
            if self.here.kind == "^" and following.kind != "number":
                break
            single = self.here.kind in {"power", "unit"}
            name += " " + self.advance().text if single else self.advance().text + self.advance().text
        self.units.add(name)

    def atom(self) -> Tree:
        token = self.here
        with self.deeper():
            if token.kind == "money":
                self.units.add(self.advance().text)
                return self.atom()
            if token.kind == "number":
                self.advance()
                return Number(Fraction(token.text), len(token.text.partition(".")[2]))
            if token.kind == "vulgar":
                self.advance()
                return Number(Fraction(token.text.replace("⁄", "/")))
            if token.kind == "constant":
                self.advance()
                return Constant(token.text)
            if token.kind == "name":
                return self._letter()
            if token.kind == "function":
                return self._function()
            if token.kind == "√":
                self.advance()
                return Apply("sqrt", (self.power(),))
            if token.kind == "|":
                return self._absolute()
            if token.kind in CLOSING:
                return self._bracket()
        found = f"“{token.text}” stands" if token.text else "the line ends"
        raise ParseError(f"{found} where a number or a letter should", token.column)

    def _letter(self) -> Tree:
        token = self.advance()
        if token.text[0] in OPAQUE and self.here.kind == "(" and self.here.glued and not self.in_table:
            begin = self.at
            self._bracket()
            inside = "".join(one.text for one in self.tokens[begin : self.at])
            return Symbol(token.text + inside)
        return Symbol(token.text)

    def _absolute(self) -> Tree:
        self.take("|")
        self.bars += 1
        inside = self.sum()
        self.take("|")
        self.bars -= 1
        return Apply("abs", (inside,))

    def _bracket(self) -> Tree:
        """A group, or with commas a point, an interval or a set."""
        opened, bars = self.advance(), self.bars
        self.bars = 0
        parts = [self.sum()]
        while self.here.kind in {",", ";"}:
            self.advance()
            parts.append(self.sum())
        closed = self.take(*CLOSING[opened.kind])
        self.bars = bars
        kind = opened.text + closed.text
        if len(parts) == 1:
            # A set of one is that one thing; square brackets around one thing group like round ones.
            return parts[0]
        if kind == "{}":
            return Several("set", tuple(parts))
        endless = any(isinstance(_bare(part), Constant) and _bare(part) == Constant("oo") for part in parts)
        return Several("point" if kind == "()" and not endless else kind, tuple(parts))

    def _function(self) -> Tree:
        token = self.advance()
        if token.text == "frac":
            return Apply("/", (self._argument_frac(), self._argument_frac()))
        if token.text == "sqrt":
            return self._root()
        if token.text == "log":
            return self._log()
        name, exponent = token.text, None
        if self.here.kind in {"^", "power"}:
            exponent = self._function_exponent()
            if exponent == Number(Fraction(-1)) and name in INVERSE:
                name, exponent = INVERSE[name], None
        self.angles += 1
        tree: Tree = Apply(name, (self._argument(),))
        self.angles -= 1
        return tree if exponent is None else Apply("^", (tree, exponent))

    def _function_exponent(self) -> Tree:
        if self.here.kind == "power":
            return Number(Fraction(int(self.advance().text)))
        self.advance()
        return self._exponent()

    def _argument_frac(self) -> Tree:
        """A group; or as TeX does, one digit or letter: ``\\frac12``."""
        token = self.here
        if token.kind == "number" and token.text.isdigit() and len(token.text) > 1:
            rest = Token("number", token.text[1:], token.column + 1)
            self.tokens = [*self.tokens[: self.at], rest, *self.tokens[self.at + 1 :]]
            return Number(Fraction(int(token.text[0])))
        return self.atom()

    def _root(self) -> Tree:
        if self.here.kind != "[":
            return Apply("sqrt", (self._argument(),))
        self.advance()
        index = self.sum()
        self.take("]")
        return Apply("root", (self._argument(), index))

    def _log(self) -> Tree:
        base: Tree = Number(Fraction(10))
        if self.here.kind == "_":
            self.advance()
            base = self.atom()
        exponent = self._function_exponent() if self.here.kind in {"^", "power"} else None
        tree: Tree = Apply("log", (self._argument(), base))
        return tree if exponent is None else Apply("^", (tree, exponent))

    def _argument(self) -> Tree:
        """A bracket; or, as in ``sin 2x``, the factors up to the next sign or function."""
        if self.here.kind in {"(", "{", "|", "["}:
            return self.atom()
        factors = [self.unary()]
        while self.here.kind in {"number", "vulgar", "name", "constant"}:
            factors.append(self.power())
        return factors[0] if len(factors) == 1 else Apply("*", tuple(factors))


def _percent(tree: Tree) -> Tree:
    return Apply("/", (tree, Number(Fraction(100))))


def _bare(tree: Tree) -> Tree:
    return tree.args[0] if isinstance(tree, Apply) and tree.op == "-" else tree
