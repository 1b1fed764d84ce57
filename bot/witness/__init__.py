"""The witness: a second, small reader that marks the words of a passage which answer a question.

It is an encoder (multilingual E5 small, 12 blocks of width 384) that was taught to mark a stretch and to say how likely
the passage answers at all. It sees the question and the passage at once, both ways, and reads one in some 50 ms on two
cores. It writes nothing: what it marks stands in the passage. Two readers of such different kinds that mark the same
are right far more often than either alone.
"""
