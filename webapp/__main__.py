"""``python -P -m webapp``: the web process. gevent patches the standard library here, before anything else loads."""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402

from webapp.server import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
