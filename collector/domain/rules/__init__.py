"""The rule kinds: for each a frozen dataclass with its figures and a pure function that judges a history by them.

Opening and closing thresholds differ. Between them a verdict is BETWEEN, which leaves an alert as it is.
"""
