"use strict";
/* Makes tables sortable and filterable, and colours light or dark; without it they are there all the same. */

const root = document.documentElement;
const MINUS = "\u2212";

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/* ---- Tables ---- */

function tools(box) {
  const table = box.querySelector("table");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const search = make("input", { type: "search", placeholder: "Filter", "aria-label": `Filter: ${table.caption?.textContent ?? "table"}` });
  const count = make("output", { class: "count" });
  const chips = new Map();
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const pressed = [...chips].filter(([, chip]) => chip.getAttribute("aria-pressed") === "true").map(([name]) => name);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const kinds = kindsOf(row);
      const fits = words.every((word) => text.includes(word)) && (!pressed.length || pressed.some((name) => kinds.has(name)));
      row.hidden = !fits;
      shown += fits;
    }
    count.textContent = `${shown} of ${rows.length}`;
  };
  const bar = make("div", { class: "tools" }, search);
  for (const name of [...new Set(rows.flatMap((row) => [...kindsOf(row)]))].filter((kind) => WEIGHT.includes(kind)).sort(byWeight)) {
    const chip = make("button", { type: "button", "aria-pressed": "false" }, name);
    chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
      apply();
    });
    chips.set(name, chip);
    bar.append(chip);
  }
  bar.append(count);
  (table.closest(".wide") ?? table).before(bar);
  search.addEventListener("input", apply);
  [...table.tHead.rows[0].cells].forEach((head, column) => sortable(head, column, body, rows));
  apply();
}

const WEIGHT = ["FAIL", "ERROR", "WARN", "VACUOUS", "NOT RUN", "PASS", "REFUTED", "changed"];
const byWeight = (a, b) => WEIGHT.indexOf(a) - WEIGHT.indexOf(b);

function kindsOf(row) {
  const kinds = new Set([...row.querySelectorAll(".badge")].map((badge) => badge.dataset.kind));
  if (row.cells[row.cells.length - 1].dataset.label === "change" && row.cells[row.cells.length - 1].textContent.trim()) kinds.add("changed");
  return kinds;
}

/* Numbers by size, whatever follows them; other texts by the alphabet, behind the numbers. */
function compared(a, b) {
  const [x, y] = [leading(a), leading(b)];
  if (x !== null && y !== null) return x - y || a.localeCompare(b, "en", { numeric: true });
  if (x !== null || y !== null) return x === null ? 1 : -1;
  return a.localeCompare(b, "en", { numeric: true });
}

function leading(text) {
  const found = text.replaceAll(MINUS, "-").replace(/(\d),(?=\d{3})/g, "$1").match(/^[+-]?\d+(\.\d+)?(e[+-]?\d+)?/i);
  return found && Number(found[0]);
}

function sortable(head, column, body, rows) {
  const button = make("button", { type: "button" }, head.textContent.trim() || "name");
  head.replaceChildren(button);
  button.addEventListener("click", () => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const key = (row) => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim();
    const sorted = [...rows].sort((a, b) => compared(key(a), key(b)) * (up ? 1 : -1));
    body.append(...sorted);
  });
}

/* ---- Theme ---- */

const onTheme = [];

function theme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const button = make("button", { type: "button", class: "theme" });
  const isDark = () => (root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  const show = () => {
    button.textContent = isDark() ? "Light colours" : "Dark colours";
    for (const redraw of onTheme) redraw();
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    show();
  });
  dark.addEventListener("change", show);
  document.querySelector("nav").append(button);
  show();
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.matches("input")) return;
  document.querySelector(".tools input")?.focus();
  event.preventDefault();
});

document.querySelectorAll(".table.filters").forEach(tools);
theme();
