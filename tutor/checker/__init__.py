"""Steps of mathematics, read by a grammar of our own and compared: verified, refuted with a witness, or unknown.

``pool`` is the door for everybody else: what is written by people is computed in a child that can be killed. Nothing in
this package imports Django; sympy is imported by ``algebra`` alone, in the child, and is only given numbers, symbols and
the constructors of a whitelist, never a text.
"""
