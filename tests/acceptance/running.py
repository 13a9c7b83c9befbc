"""The running program with a source of every kind that webhooks can be of, and their secrets."""

from __future__ import annotations

from dataclasses import dataclass

import apsw

from tests.acceptance.deliveries import Json
from tests.acceptance.jenkins_replay import JenkinsReplay
from tests.acceptance.polling import all_builds, get
from tests.product import Product

SECRETS = {
    "SECRET_OLD": "github-old",
    "SECRET_NEW": "github-new",
    "SECRET_PICKY": "github-picky",
    "SECRET_GHE": "github-enterprise",
    "TOKEN_OLD": "jenkins-old",
    "TOKEN_NEW": "jenkins-new",
    "TOKEN_OTHER": "jenkins-other",
    # Nothing here may leave the machine, whatever goes wrong.
    "HTTPS_PROXY": "http://127.0.0.1:1",
}
HOSTS = ("http://localhost:8080", "http://localhost:9009")


@dataclass(frozen=True)
class Running:
    product: Product
    jenkins: JenkinsReplay

    @property
    def head(self) -> int:
        """The change feed's head as stored: what a socket is greeted with may be a moment behind."""
        connection = apsw.Connection(str(self.product.database), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            return int(next(connection.execute("SELECT seq FROM feed"))[0])
        finally:
            connection.close()


def stored(product: Product, external_id: str, attempt: int = 1) -> Json:
    return get(product, f"/builds/{all_builds(product)[external_id, attempt]['id']}")
