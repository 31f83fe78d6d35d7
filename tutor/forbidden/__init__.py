"""Whether a piece of text gives a value away, in whatever dress: pure, bounded, and without the database.

``values`` says what must not be said, ``plain`` makes one spelling of many, ``numerals`` knows numbers in words,
``mentions`` finds the numbers of a text, ``encodings`` undoes simple disguises, ``search`` brings them together, and
``praise`` finds sentences that call somebody's work right.
"""
