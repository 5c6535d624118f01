"""The page in a headless Chromium: nothing to complain of, every link, widths, colours, sorting, hostile texts."""

import pytest

from ser_tf.report import command
from tests.report import runs
from tests.report.browser import Browser, find
from tests.report.test_damage import HOSTILE, write_hostile

pytestmark = pytest.mark.skipif(find() is None, reason="no Chromium or Chrome was found on PATH")
CONTRASTS = """
(() => {
  const channel = (value) => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const light = (rgb) => 0.2126 * channel(rgb[0]) + 0.7152 * channel(rgb[1]) + 0.0722 * channel(rgb[2]);
  const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.unshift(numbers(getComputedStyle(at).backgroundColor));
    const over = (under, [r, g, b, a = 1]) => [r, g, b].map((v, i) => a * v + (1 - a) * under[i]);
    return layers.reduce(over, [255, 255, 255]);
  };
  return [...document.querySelectorAll("body *")].filter((e) => e.childNodes.length && e.getClientRects().length
      && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())).map((e) => {
    const [a, b] = [light(numbers(getComputedStyle(e).color)), light(behind(e))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  });
})()
"""
COLUMN = "[...document.querySelectorAll('table.sortable')].find(t => t.caption.textContent.startsWith('Results'))"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    runs.write_table(root)
    runs.write_table(root, runs.summary_of(experiment="mirsamadi2017_table2", smoke=True), "mirsamadi2017_table2/emodb")
    assert command.main([str(root), "--output", str(root / "report.html")]) == 0
    return root / "report.html"


@pytest.fixture(scope="module")
def browser():
    with Browser(find()) as browser:
        yield browser


@pytest.fixture
def page(browser, path):
    """The page, freshly loaded at 1280 pixels."""
    browser.events.clear()
    browser.size(1280)
    browser.media()
    browser.open(path)
    return browser


def test_it_loads_without_complaint_and_asks_for_nothing(page, path):
    assert page.complaints() == []
    assert set(page.requests()) == {path.resolve().as_uri()}
    assert page.run("[...document.images].every(picture => picture.complete && picture.naturalWidth > 0)")
    assert page.run("document.images.length") == 4


def test_complaints_are_seen(page):
    """The test of the test: what a page logs and what its policy forbids is collected."""
    page.run("console.error('seen')")
    page.run("document.body.append(Object.assign(new Image(), {src: 'https://example.org/a.png'}))")
    page.run("new Promise(done => setTimeout(done, 200))")
    assert len(page.complaints()) == 2 and "Content Security Policy" in " ".join(page.complaints())


def test_every_link_leads_to_what_it_names(page):
    links = page.run("[...document.querySelectorAll('a')].map(link => [link.getAttribute('href'), link.textContent])")
    assert len([href for href, _ in links if href.startswith("#")]) == len(links) > 25
    page.run("document.documentElement.style.scrollBehavior = 'auto'")
    for place, (href, text) in enumerate(links):
        page.run("scrollTo(0, 0)")
        page.run(f"document.querySelectorAll('a')[{place}].click()")
        assert page.run("location.hash") == href
        top, title = page.run("(() => { const to = document.querySelector(':target');"
                              " return [to.getBoundingClientRect().top, to.textContent]; })()")  # fmt: skip
        below = page.run("document.documentElement.scrollHeight - innerHeight - scrollY")
        assert -1 <= top < 60 or below < 2, text
        if not text.startswith(("Skip", "Back")):
            assert text.rpartition(", ")[2] in title


@pytest.mark.parametrize("width", [320, 400, 768, 1280])
def test_only_tables_scroll_sideways(page, width):
    page.size(width)
    assert page.run("document.documentElement.scrollWidth") == width
    wide = page.run(
        "[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll, .skip, svg')"
        " && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"
    )
    assert wide == []
    boxes = "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth).length"
    assert (page.run(boxes) > 0) == (width < 1000)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(page, scheme):
    page.media("screen", scheme)
    background = page.run("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")
    contrasts = page.run(CONTRASTS)
    assert len(contrasts) > 500 and min(contrasts) >= 4.5


def test_print_is_light_and_nothing_is_cut(page):
    page.size(700)
    page.media("print", "dark")
    assert page.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert (
        page.run("Math.max(...[...document.querySelectorAll('table')].map(t => t.getBoundingClientRect().right))")
        <= 700
    )
    page.media("", "light")
    assert len(page.call("Page.printToPDF")["data"]) > 10_000


def test_heads_sort_up_down_and_back(page):
    def state():
        numbers = page.run(f"[...{COLUMN}.tBodies[0].rows].map(row => row.cells[4].firstChild.data.trim())")
        return numbers, page.run(f"{COLUMN}.tHead.rows[0].cells[4].getAttribute('aria-sort')")

    original, nothing = state()
    assert nothing is None and page.run(f"{COLUMN}.tHead.rows[0].cells[4].textContent") == "UA ours"
    rising = sorted(original, key=float)
    assert rising != original
    for expected in ((rising, "ascending"), (rising[::-1], "descending"), (original, None)):
        page.run(f"{COLUMN}.tHead.rows[0].cells[4].querySelector('button').click()")
        assert state() == expected


def test_the_script_touches_no_head_of_a_drawing_and_no_matrix(page):
    assert page.run("document.querySelectorAll('th.plot button, .confusion button').length") == 0
    captions = page.run("[...document.querySelectorAll('table:not(.sortable)')].map(t => t.caption.textContent)")
    assert "All pairs: Table 3 on emodb" in captions


def test_hostile_texts_run_nothing(browser, tmp_path):
    root = write_hostile(tmp_path)
    assert command.main([str(root), "--output", str(tmp_path / "hostile.html")]) == 0
    browser.events.clear()
    browser.media()
    browser.size(400)
    browser.open(tmp_path / "hostile.html")
    assert browser.run("typeof hacked") == "undefined" and browser.complaints() == []
    assert browser.run(f"document.body.textContent.split({HOSTILE!r}).length") > 30
    assert browser.run("document.documentElement.scrollWidth") == 400
