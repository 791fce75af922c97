"""The pages in a real browser: nothing loaded, nothing broken, numbers that move, usable by hand or ear."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from browser import CONTRASTS, DESK, PHONE, browser, complaints, opened, requests, script
from few_figures import few_figures
from nasty import LONG, PATIENTS, SCRIPT, nasty_cohort
from plans import plan
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from trees import drawn_tree

from ra_bayes.model import load_model
from ra_bayes.report import write_plan_page, write_report
from ra_bayes.results import find_results, save_result
from ra_bayes.results.plans import save_plan
from ra_bayes.tree import provenance, with_provenance

MODELS = ("vas", "acr20")
SAMPLING = {"sampler": "independent draws", "chains": 4, "draws": 250, "tune": 0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of a cohort with names that break careless pages, and a plan in the same folder."""
    out = tmp_path_factory.mktemp("report")
    cohort = nasty_cohort(out)
    for name in MODELS:
        tree = drawn_tree(load_model(name), cohort, seed=1)
        save_result(with_provenance(tree, {**provenance(tree), "sampling": SAMPLING}), out)
    made = plan("acr20_one_arm", error=0.0123)
    write_plan_page(made, save_plan(made, out))
    with few_figures("trajectories", "forest", "prior-posterior"):
        write_report(find_results(out), out)
    return out


@pytest.fixture(scope="module")
def pages(folder: Path) -> dict[str, Path]:
    return {"report": folder / "index.html", "plan": folder / "acr20_one_arm" / "index.html"}


@pytest.fixture(scope="module")
def chrome() -> Iterator[webdriver.Chrome]:
    with browser() as made:
        yield made


PAGES = pytest.mark.parametrize("name", ["report", "plan"])


@PAGES
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_nothing_is_asked_for_nothing_complained_of_and_nothing_runs_out_of_sight(
    name: str, width: int, chrome: webdriver.Chrome, pages: dict[str, Path]
) -> None:
    opened(chrome, pages[name], width)
    script(
        chrome,
        "document.querySelectorAll('details').forEach(each => { each.open = true; });"
        "document.querySelectorAll('img').forEach(each => { each.loading = 'eager'; });",
    )
    broken = chrome.execute_async_script(
        "const done = arguments[0]; Promise.allSettled([...document.images].map(i => i.decode()))"
        ".then(all => done(all.filter(each => each.status !== 'fulfilled').length))"
    )
    assert broken == 0
    assert script(chrome, "return document.images.length") >= 4
    assert script(chrome, "return [...document.images].every(i => i.naturalWidth > 100)")
    assert script(chrome, "return document.documentElement.scrollWidth") <= width
    assert complaints(chrome) == []
    assert requests(chrome) == [pages[name].as_uri()]


@PAGES
def test_pictures_tell_another_number_when_the_slider_moves(
    name: str, chrome: webdriver.Chrome, pages: dict[str, Path]
) -> None:
    opened(chrome, pages[name])
    figures = chrome.find_elements(By.CSS_SELECTOR, "figure.live")
    assert len(figures) == (len(MODELS) + 1 if name == "report" else 1)
    for figure in figures:
        told = figure.find_element(By.CSS_SELECTOR, ".told")
        slider = figure.find_element(By.CSS_SELECTOR, "input")
        before, cursor = told.text, figure.find_element(By.CSS_SELECTOR, ".cursor").get_attribute("x1")
        assert before
        slider.send_keys(Keys.HOME)
        assert told.text != before
        assert slider.get_attribute("aria-valuetext") == told.text
        assert figure.find_element(By.CSS_SELECTOR, ".cursor").get_attribute("x1") != cursor
        moved = told.text
        slider.send_keys(Keys.ARROW_RIGHT)
        assert told.text != moved


def test_the_told_probability_is_the_plans_with_its_interval(
    chrome: webdriver.Chrome, pages: dict[str, Path]
) -> None:
    opened(chrome, pages["plan"])
    figure = chrome.find_element(By.CSS_SELECTOR, "figure.live")
    figure.find_element(By.CSS_SELECTOR, "input").send_keys(Keys.HOME)
    row = plan("acr20_one_arm", error=0.0123).size_curve[0]
    told = figure.find_element(By.CSS_SELECTOR, ".told").text
    assert told.startswith(f"{row['n']} patients: power ")
    found = re.search(r"assurance ([\d.]+) \(95% Monte Carlo interval ([\d.]+) to ([\d.]+)\)", told)
    assert found is not None
    middle, low, high = map(float, found.groups())
    error = row["assurance_mcse"]
    wanted = np.array([0.0, -1.96, 1.96]) * error + row["assurance"]
    assert [middle, low, high] == pytest.approx(list(wanted), abs=0.006)


def test_a_patient_is_found_by_pointing_and_by_keyboard(
    chrome: webdriver.Chrome, pages: dict[str, Path]
) -> None:
    opened(chrome, pages["report"])
    figure = chrome.find_element(By.ID, "live-vas")
    select, told = (figure.find_element(By.CSS_SELECTOR, each) for each in ("select", ".told"))
    names = [each.text for each in select.find_elements(By.TAG_NAME, "option")]
    assert len(names) == 1 + len(PATIENTS)
    assert SCRIPT in names
    assert LONG in names
    select.send_keys(Keys.ARROW_DOWN)
    assert told.text.startswith(f"{names[1]}, week 24: true value ")
    assert "interval" in told.text
    assert "recorded" in told.text
    lit = figure.find_elements(By.CSS_SELECTOR, "path.patient.on")
    assert len(lit) == 1
    # By pointing at a patient's line where it is farthest from all others.
    chrome.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", figure)
    svg = figure.find_element(By.TAG_NAME, "svg")
    x, y, series = script(
        chrome,
        "const data = JSON.parse(arguments[0].querySelector('script').textContent);"
        "const svg = arguments[0].querySelector('svg'); const box = svg.getBoundingClientRect();"
        "const rows = data.series.map(each => each.dots[0]); let best = [0, 0, 0];"
        "for (let i = 1; i < rows.length; i++) for (let j = 0; j < data.x.length; j++) {"
        "  const gap = Math.min(...rows.filter((_, k) => k !== i).map(e => Math.abs(e[j] - rows[i][j])));"
        "  if (rows[i][j] !== null && gap > best[0]) best = [gap, i, j]; }"
        "const p = new DOMPoint(data.x[best[2]], rows[best[1]][best[2]]).matrixTransform(svg.getScreenCTM());"
        "return [p.x - box.x - box.width / 2, p.y - box.y - box.height / 2, best[1]]",
        figure,
    )
    ActionChains(chrome).move_to_element_with_offset(svg, round(x), round(y)).perform()
    lit = figure.find_element(By.CSS_SELECTOR, "path.patient.on")
    assert lit.get_attribute("data-series") == str(series)
    assert select.get_attribute("value") == str(series)
    assert told.text.startswith(names[series].split("\n")[0][:40])


@PAGES
def test_a_figure_is_enlarged_and_put_away_by_keyboard(
    name: str, chrome: webdriver.Chrome, pages: dict[str, Path]
) -> None:
    opened(chrome, pages[name])
    button = chrome.find_element(By.CSS_SELECTOR, "figure.drawn button")
    button.send_keys(Keys.ENTER)
    dialog = chrome.find_element(By.ID, "enlarged")
    assert dialog.get_attribute("open") is not None
    assert dialog.find_element(By.TAG_NAME, "img").get_attribute("alt")
    assert script(chrome, "return arguments[0].contains(document.activeElement)", dialog)
    ActionChains(chrome).send_keys(Keys.ESCAPE).perform()
    assert dialog.get_attribute("open") is None
    assert chrome.switch_to.active_element == button
    link = chrome.find_element(By.CSS_SELECTOR, "figure.drawn a[download]")
    assert (link.get_attribute("download") or "").endswith(".png")
    assert (link.get_attribute("href") or "").startswith("data:image/png")


@PAGES
def test_the_first_tab_skips_to_the_content_and_focus_is_seen(
    name: str, chrome: webdriver.Chrome, pages: dict[str, Path]
) -> None:
    opened(chrome, pages[name])
    ActionChains(chrome).send_keys(Keys.TAB).perform()
    first = chrome.switch_to.active_element
    assert first.text == "Skip to the content"
    assert script(chrome, "return parseFloat(getComputedStyle(arguments[0]).outlineWidth)", first) >= 2
    first.send_keys(Keys.ENTER)
    assert chrome.switch_to.active_element.tag_name == "main"


@PAGES
def test_a_page_is_told_well_to_who_does_not_see_it(
    name: str, chrome: webdriver.Chrome, pages: dict[str, Path]
) -> None:
    opened(chrome, pages[name])
    script(chrome, "document.querySelectorAll('details').forEach(each => { each.open = true; })")

    def count(selector: str) -> int:
        return int(script(chrome, "return document.querySelectorAll(arguments[0]).length", selector))

    assert count("html[lang]") == count("h1") == count("main") == count("header") == 1
    assert count("nav[aria-label]") == 1
    assert count("img:not([alt]), img[alt='']") == 0
    assert count("svg:not([role=img][aria-label])") == 0
    assert count("table:not(:has(> caption))") == 0
    assert count("th:not([scope])") == 0
    assert count("button:empty, a:empty") == 0
    assert script(
        chrome,
        "return [...document.querySelectorAll('input, select')].every(each => each.labels.length === 1)",
    )
    levels = script(chrome, "return [...document.querySelectorAll('h1, h2, h3, h4')].map(h => +h.tagName[1])")
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = script(chrome, "return [...document.querySelectorAll('[id]')].map(each => each.id)")
    assert len(ids) == len(set(ids))
    inner = script(
        chrome, "return [...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.getAttribute('href'))"
    )
    assert {each[1:] for each in inner} <= set(ids)


@PAGES
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(
    name: str, scheme: str, chrome: webdriver.Chrome, pages: dict[str, Path]
) -> None:
    chrome.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    try:
        opened(chrome, pages[name])
        script(chrome, "document.querySelectorAll('details').forEach(each => { each.open = true; })")
        ratios = script(chrome, CONTRASTS)
        assert len(ratios) > 15
        # WCAG 2.2, 1.4.3: 4.5 to 1 for text of normal size.
        assert {key: ratio for key, ratio in ratios.items() if ratio < 4.5} == {}
    finally:
        chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@PAGES
def test_without_scripts_the_page_stands(name: str, chrome: webdriver.Chrome, pages: dict[str, Path]) -> None:
    opened(chrome, pages[name], scripts=False)
    figure = chrome.find_element(By.CSS_SELECTOR, "figure.live")
    assert figure.find_element(By.TAG_NAME, "svg").is_displayed()
    assert not figure.find_element(By.CSS_SELECTOR, ".controls").is_displayed()
    assert chrome.find_element(By.CSS_SELECTOR, "figure.drawn a").get_attribute("href")
    opened(chrome, pages[name])


def test_names_of_patients_run_nothing_and_widen_nothing(
    chrome: webdriver.Chrome, pages: dict[str, Path]
) -> None:
    opened(chrome, pages["report"], PHONE)
    assert script(chrome, "return document.scripts.length") == len(MODELS) + 2
    cells = [each.text for each in chrome.find_elements(By.CSS_SELECTOR, "tbody th")]
    assert SCRIPT in cells
    assert LONG in [each.replace("\n", "") for each in cells]
    # A long name breaks: it leaves room for numbers within three screens.
    assert script(
        chrome, "return Math.max(...[...document.querySelectorAll('tbody th')].map(t => t.offsetWidth))"
    ) < (PHONE)


def test_a_foreign_script_in_the_page_would_not_run(
    chrome: webdriver.Chrome, pages: dict[str, Path], tmp_path: Path
) -> None:
    text = pages["report"].read_text(encoding="utf-8")
    broken = tmp_path / "broken.html"
    broken.write_text(
        text.replace(
            "<main", "<script>document.title = 'run'</script><img src='x.png' alt='x' onerror='0'><main"
        ),
        encoding="utf-8",
    )
    (tmp_path / "x.png").write_bytes((pages["report"].parent / "vas/figures/forest.png").read_bytes())
    opened(chrome, broken)
    assert chrome.title.startswith("Posterior report")
    assert script(chrome, "return document.querySelector('img[alt=x]').naturalWidth") == 0
    refused = [each for each in complaints(chrome) if "Content Security Policy" in each]
    assert len(refused) >= 2
