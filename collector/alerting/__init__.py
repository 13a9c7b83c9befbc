"""Alerts: judged from the change feed, worded, and delivered to receivers."""
