"""Messages for their media: each escapes what comes from outside in its own way."""
