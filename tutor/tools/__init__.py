"""Tools that the tutor may call while it answers. Pure: arguments in, a result or a refusal out; no room, no person.

``registry`` is the door. Whatever needs the room's scope (whose documents, whose secrets) is given by the caller from its own
rows: no argument chooses it.
"""
