from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.webapp.conftest import MakeWeb
from tests.webapp.harness import Web
from webapp.headers import CONTENT_SECURITY_POLICY

INDEX = '<html><script src="/assets/app-1a2b.js"></script><a href="//elsewhere">x</a><link href="/icon.svg"></html>'


@pytest.fixture
def built(make_web: MakeWeb, tmp_path: Path) -> Web:
    """An app whose dashboard was built."""
    return make_web(**place(tmp_path / "0" / "static"))


def place(static: Path) -> dict[str, str]:
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text(INDEX)
    (static / "icon.svg").write_text("<svg/>")
    (static / "assets" / "app-1a2b.js").write_text("let x = 1;" * 100)
    (static / "assets" / "app-1a2b.js.gz").write_bytes(gzip.compress(b"let x = 1;" * 100))
    (static.parent / "secret.txt").write_text("secret")
    return {}


@pytest.mark.parametrize("path", ["/", "/ui", "/ui/", "/ui/build/7", "/ui/pipeline/3", "/ui/wall", "/ui/x/y/z"])
def test_every_page_answers_the_dashboard_and_is_asked_for_anew_each_time(built: Web, path: str) -> None:
    response = built.get(path)
    assert response.status_code == 200
    assert response.get_data(as_text=True) == INDEX
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.mimetype == "text/html"


def test_hashed_assets_are_kept_for_ever_and_sent_compressed_to_those_who_take_it(built: Web) -> None:
    plain = built.get("/assets/app-1a2b.js")
    assert plain.get_data(as_text=True) == "let x = 1;" * 100
    assert plain.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Content-Encoding" not in plain.headers
    zipped = built.get("/assets/app-1a2b.js", headers={"Accept-Encoding": "br, gzip"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.get_data()) == b"let x = 1;" * 100
    assert (plain.mimetype, zipped.mimetype) == ("text/javascript", "text/javascript")
    assert plain.headers["Vary"] == zipped.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/gone.js",
        "/assets/../../secret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/assets/",
        "/assets//etc/passwd",
        "/favicon.ico",
    ],
)
def test_a_missing_asset_is_a_404_and_no_page(built: Web, path: str) -> None:
    response = built.get(path)
    assert response.status_code == 404
    assert response.get_json()["error"]["code"] == "not_found"
    assert response.headers["Cache-Control"] == "no-store"


def test_files_beside_the_page_are_served(built: Web) -> None:
    assert built.get("/icon.svg").mimetype == "image/svg+xml"
    assert built.get("/index.html").status_code == 404


def test_below_a_path_the_pages_links_are_rewritten_whether_the_proxy_strips_it_or_not(
    make_web: MakeWeb, tmp_path: Path
) -> None:
    place(tmp_path / "0" / "static")
    web = make_web(public_url="https://acme.com/ci")
    for path in ("/ci/ui/", "/ui/"):
        html = web.get(path, headers={"Host": "acme.com"}).get_data(as_text=True)
        assert 'src="/ci/assets/app-1a2b.js"' in html
        assert 'href="/ci/icon.svg"' in html
        assert 'href="//elsewhere"' in html
    assert web.get("/ui/").get_data(as_text=True) == INDEX
    assert web.get("/ci/healthz").status_code == 200
    assert web.get("/cinema").status_code == 404


def test_without_a_built_dashboard_a_plain_page_says_how_to_build_it(web: Web) -> None:
    response = web.get("/")
    assert response.status_code == 200
    assert "npm run build" in response.get_data(as_text=True)
    assert "<script" not in response.get_data(as_text=True)


def test_every_answer_carries_the_same_guards(built: Web) -> None:
    for path in ("/", "/builds", "/nowhere", "/assets/app-1a2b.js", "/login", "/docs", "/metrics", "/healthz"):
        headers = built.get(path).headers
        assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY, path
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY


def test_pages_of_ours_need_no_inline_script_or_style(web: Web) -> None:
    for path in ("/", "/login", "/docs"):
        html = web.get(path).get_data(as_text=True)
        assert "<script" not in html
        assert "style=" not in html
        assert "<style" not in html
    assert web.get("/page.css").mimetype == "text/css"
