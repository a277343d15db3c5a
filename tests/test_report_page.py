"""A Markdown page as one HTML file: whole, quiet, and deaf to hostile text."""

import re

import matplotlib.pyplot as plt

from rca.report.page import write_page

HOSTILE = "<script>alert(1)</script> </style> [x](javascript:alert(1)) ![p](http://a.example/p.png)"


def page(tmp_path, text):
    path = tmp_path / "README.md"
    path.write_text(text, encoding="utf-8")
    return write_page(path).read_text(encoding="utf-8")


def test_tables_and_pictures_are_in_the_page(tmp_path):
    figure = plt.figure(figsize=(1, 1))
    figure.savefig(tmp_path / "a.png")
    plt.close(figure)
    html = page(tmp_path, "# A & B\n\n| x | y |\n|---|--:|\n| 1 | 2 |\n\n![what it shows](a.png)\n")
    assert "<title>A &amp; B</title>" in html
    assert html.count("<tr>") == 2
    assert '<td class="number">2</td>' in html
    assert 'alt="what it shows" src="data:image/png;base64,iVBOR' in html


def test_hostile_text_stays_text(tmp_path):
    html = page(tmp_path, f"# {HOSTILE}\n\n| {HOSTILE} |\n|---|\n| {HOSTILE} |\n")
    assert html.count("<script") == 1  # our own, which the policy lets through by its digest
    assert html.count("</style>") == 1
    assert not re.search(r"""(href|src)=["']?(javascript|http:)""", html)
    assert "default-src &#39;none&#39;" in html
    assert " style=" not in html


def test_a_picture_from_elsewhere_is_not_read(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.png").write_bytes(b"secret")
    html = page(tmp_path / "in", '![a "b"](../secret.png)\n')
    assert "base64" not in html
    assert "a &quot;b" in html
