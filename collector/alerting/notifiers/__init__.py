"""Notifiers: the code that sends. One file a kind of receiver, one line in ``registry``."""
