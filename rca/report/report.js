"use strict";
/* Draws the curves of a report; runs after page.js. Without it every picture is there all the same. */

/* Numbers as in rca.report.wording and rca.report.figures. */
function number(value) {
  if (value == null) return "";
  const size = Math.abs(value);
  let text;
  if (size >= 1e6 || (size > 0 && size < 1e-3)) text = value.toExponential(1).replace("e+", "e").replace(".0e", "e");
  else if (Number.isInteger(value) || size >= 100) text = Math.round(value).toLocaleString("en-US");
  else text = String(Number(value.toPrecision(3)));
  return text.replaceAll("-", MINUS);
}

const whole = (value) => Math.round(value).toLocaleString("en-US");

function compact(value) {
  const size = Math.abs(value);
  for (const [unit, letter] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (size >= unit && size < 1e12) return String(Number((value / unit).toPrecision(4))).replace("-", MINUS) + letter;
  }
  if (size >= 1e12 || (size > 0 && size < 1e-3)) return value.toExponential(0).replace("e+", "e").replaceAll("-", MINUS);
  return String(Number(value.toPrecision(6))).replace("-", MINUS);
}

/* Colours: a canvas cannot resolve CSS variables, so an element does. */
const probe = make("span", { hidden: "" });
document.body.append(probe);
let resolved = {};
function color(name, alpha = 1) {
  const key = name + alpha;
  if (!resolved[key]) {
    probe.style.color = `var(--${name})`;
    const [r, g, b] = getComputedStyle(probe).color.match(/[\d.]+/g);
    resolved[key] = `rgba(${r}, ${g}, ${b}, ${alpha})`;
  }
  return resolved[key];
}

/* ---- Charts ---- */

const HEIGHT = 240;
const charts = [];

function aligned(panel) {
  const tables = [];
  const series = [{}];
  const bands = [];
  panel.marks.forEach((mark, index) => {
    if (mark.edges) {
      const centers = mark.heights.map((_, i) => (mark.edges[i] + mark.edges[i + 1]) / 2);
      tables.push([centers, mark.heights]);
      series.push(barSeries(panel, mark, index));
    } else if (mark.low) {
      tables.push([mark.x, mark.y, mark.low, mark.high]);
      const at = series.length;
      series.push(lineSeries(mark, index), edgeSeries(index), edgeSeries(index));
      bands.push({ series: [at + 2, at + 1], fill: () => color(`c${mark.color}`, panel.ribbon_opacity) });
    } else {
      tables.push([mark.x, mark.y]);
      series.push(mark.style === "points" ? pointSeries(mark, index) : lineSeries(mark, index));
    }
  });
  return { data: uPlot.join(tables), series, bands };
}

function lineSeries(mark, index) {
  return {
    mark: index, label: mark.label, stroke: () => color(`c${mark.color}`), width: 1.8,
    dash: mark.style === "dashed" ? [7, 3] : undefined, points: { show: false },
  };
}

function edgeSeries(index) {
  return { mark: index, label: "", stroke: "transparent", width: 0, points: { show: false } };
}

function pointSeries(mark, index) {
  return {
    mark: index, label: mark.label, stroke: () => color(`c${mark.color}`), paths: () => null,
    points: { show: true, size: 4, width: 0, fill: () => color(`c${mark.color}`, 0.65) },
  };
}

function barSeries(panel, mark, index) {
  const below = mark.heights.map((_, i) =>
    panel.stacked ? panel.marks.slice(0, index).reduce((sum, other) =>
      sum + (Math.sign(other.heights[i]) === Math.sign(mark.heights[i]) ? other.heights[i] : 0), 0) : 0);
  const paths = (u) => {
    const path = new Path2D();
    mark.heights.forEach((height, i) => {
      if (!height) return;
      const left = u.valToPos(mark.edges[i], "x", true), right = u.valToPos(mark.edges[i + 1], "x", true);
      const bottom = u.valToPos(below[i], "y", true), top = u.valToPos(below[i] + height, "y", true);
      path.rect(left, Math.min(top, bottom), Math.max(1, right - left - 1), Math.abs(bottom - top));
    });
    return { stroke: null, fill: path, flags: 1 };
  };
  return { mark: index, label: mark.label, fill: () => color(`c${mark.color}`, 0.85), paths, points: { show: false } };
}

function scales(panel) {
  const full = panel.x_range;
  const x = { time: false, distr: panel.x_scale === "linear" ? 1 : 3, range: (u, low, high) => (u.zoomed ? [low, high] : full) };
  const y = { range: (u, low, high) => (u.zoomed ? padded(panel, low, high) : panel.y_range) };
  if (panel.y_scale === "log") y.distr = 3;
  if (panel.y_scale === "symlog") Object.assign(y, { distr: 4, asinh: panel.linear_below });
  return { x, y };
}

function padded(panel, low, high) {
  if (low == null || high == null) return panel.y_range;
  if (panel.marks.some((mark) => mark.edges)) return panel.y_range;
  if (panel.y_scale === "log") return [low / 1.2, high * 1.2];
  const room = 0.05 * (high - low) || 0.1 * Math.abs(high) || 1;
  return [low - room, high + room];
}

function axes(panel) {
  const common = {
    stroke: () => color("muted"), font: "12px system-ui, sans-serif",
    ticks: { show: false }, border: { show: false }, values: (u, splits) => splits.map((v) => (v == null ? "" : compact(v))),
  };
  return [
    { ...common, grid: { show: false }, border: { show: true, width: 1, stroke: () => color("line") }, size: 26, gap: 5,
      space: 60, ...given(panel.x_ticks), label: panel.x_label, labelSize: 20, labelFont: "12px system-ui, sans-serif" },
    { ...common, grid: { width: 1, stroke: () => color("line"), ...only(given(panel.y_ticks), "filter") }, gap: 6, space: 34,
      ...given(panel.y_ticks),
      size: (u, values) => (values ? 14 + 7 * Math.max(...values.map((v) => v.length)) : 50) },
  ];
}

/* Logarithmic axes bring their ticks along; zoomed in between them, both ends get one. The
   library would leave out numbers there, so a filter keeps all. */
function given(ticks) {
  if (!ticks.length) return {};
  const seen = (low, high) => ticks.filter((tick) => tick >= low && tick <= high);
  return {
    filter: (u, splits) => splits,
    splits: (u, axis, low, high) => (seen(low, high).length > 1 ? seen(low, high) : [low, high]),
  };
}

const only = (options, name) => (name in options ? { [name]: options[name] } : {});

function behind(panel) {
  return (u) => {
    const { ctx } = u;
    const { left, top, width, height } = u.bbox;
    const x = (value) => Math.min(left + width, Math.max(left, u.valToPos(value, "x", true)));
    const y = (value) => Math.min(top + height, Math.max(top, u.valToPos(value, "y", true)));
    ctx.save();
    for (const shade of panel.shades) {
      const from = x(shade.first), to = x(shade.last);
      if (shade.dark) {
        ctx.fillStyle = color("learning");
        ctx.fillRect(from, top, to - from, height);
      }
      ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
      if (to - from < ctx.measureText(shade.label).width + 8) continue;
      ctx.fillStyle = color("muted");
      ctx.textAlign = "left";
      ctx.textBaseline = "bottom";
      ctx.fillText(shade.label, from, top - 3 * devicePixelRatio);
    }
    ctx.fillStyle = color("c4", 0.2);
    for (const band of panel.bands) {
      const from = x(band.first), to = x(band.last);
      ctx.fillRect(from, y(band.high), to - from, y(band.low) - y(band.high));
    }
    ctx.restore();
  };
}

function inFront(panel) {
  return (u) => {
    const { ctx } = u;
    const { left, top, width, height } = u.bbox;
    ctx.save();
    ctx.strokeStyle = color("ink");
    ctx.lineWidth = 1.2 * devicePixelRatio;
    ctx.setLineDash([5 * devicePixelRatio, 3 * devicePixelRatio]);
    for (const event of panel.events) {
      const at = u.valToPos(event.x, "x", true);
      if (at < left || at > left + width) continue;
      ctx.beginPath();
      ctx.moveTo(at, top);
      ctx.lineTo(at, top + height);
      ctx.stroke();
    }
    ctx.restore();
  };
}

/* What a mark says at x: of a curve the nearest measured value, of bars the bin that holds x. */
function valueAt(mark, x) {
  if (mark.edges) {
    const bin = mark.edges.findIndex((edge, i) => x >= edge && x < mark.edges[i + 1]);
    return bin < 0 || bin >= mark.heights.length ? null : mark.heights[bin];
  }
  let low = 0, high = mark.x.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (mark.x[middle] <= x) low = middle; else high = middle;
  }
  const index = Math.abs(mark.x[high] - x) < Math.abs(mark.x[low] - x) ? high : low;
  return x < mark.x[0] - 1 || x > mark.x[mark.x.length - 1] * 1.02 ? null : mark.y[index];
}

function legend(panel) {
  const entries = new Map();
  panel.marks.forEach((mark, index) => {
    if (!entries.has(mark.label)) entries.set(mark.label, { mark, indices: [] });
    entries.get(mark.label).indices.push(index);
  });
  const box = make("div", { class: "legend" });
  for (const [label, entry] of entries) {
    const kind = entry.mark.edges ? "bar" : entry.mark.style;
    entry.value = make("span", { class: "value" });
    entry.button = make("button", { type: "button", "aria-pressed": "true", title: `Show or hide ${label}` },
      make("span", { class: `swatch ${kind} c${entry.mark.color}` }), label, entry.value);
    box.append(entry.button);
  }
  for (const event of panel.events) box.append(make("span", {}, make("span", { class: "swatch event" }), `${event.label} ${number(event.x)}`));
  if (panel.bands.length) box.append(make("span", {}, make("span", { class: "swatch band" }), "expected (seed)"));
  return { box, entries };
}

function chart(panel, image, shared) {
  const { box, entries } = legend(panel);
  const at = make("output", { class: "at" });
  const holder = make("div", { class: "canvas", tabindex: "0", role: "img", "aria-label": image.alt });
  const plot = make("div", { class: "plot" },
    make("div", { class: "head" }, make("b", {}, panel.title), make("span", { class: "y" }, panel.y_label), at), holder, box);
  image.after(plot);
  const { data, series, bands } = aligned(panel);
  const u = new uPlot({
    width: 400, height: HEIGHT, padding: [18, 16, 0, 0], scales: scales(panel), axes: axes(panel), series, bands,
    legend: { show: false },
    cursor: { points: { show: false }, y: false, drag: { x: true, y: false, setScale: false },
      sync: shared ? { key: "step", setSeries: false, scales: ["x", null] } : undefined },
    hooks: {
      drawClear: [behind(panel)], draw: [inFront(panel)],
      setCursor: [(self) => report(self, panel, entries, at)],
      setSelect: [(self) => select(self)],
    },
  }, data, holder);
  const item = { u, panel, holder, shared };
  charts.push(item);
  for (const entry of entries.values()) {
    entry.button.addEventListener("click", () => {
      const shown = entry.button.getAttribute("aria-pressed") !== "true";
      entry.button.setAttribute("aria-pressed", String(shown));
      series.forEach((one, i) => entry.indices.includes(one.mark) && u.setSeries(i, { show: shown }));
    });
  }
  holder.addEventListener("dblclick", () => reset(item));
  holder.addEventListener("keydown", (event) => keys(item, event));
  new ResizeObserver(() => {
    const width = Math.floor(holder.clientWidth);
    if (width && width !== u.width) u.setSize({ width, height: HEIGHT });
  }).observe(holder);
}

function report(u, panel, entries, at) {
  const inside = u.cursor.left != null && u.cursor.left >= 0;
  const x = inside ? u.posToVal(u.cursor.left, "x") : null;
  at.textContent = inside ? `${panel.x_label.replace("environment steps", "step")} ${whole(x)}` : "";
  for (const entry of entries.values()) {
    const values = inside ? entry.indices.map((i) => valueAt(panel.marks[i], x)).filter((v) => v != null) : [];
    entry.value.textContent = values.map(number).join(", ");
  }
}

function zoom(item, low, high) {
  const group = item.shared ? charts.filter((other) => other.shared) : [item];
  for (const { u } of group) {
    u.zoomed = true;
    u.setScale("x", { min: low, max: high });
  }
}

function reset(item) {
  const group = item.shared ? charts.filter((other) => other.shared) : [item];
  for (const { u, panel } of group) {
    u.zoomed = false;
    u.setScale("x", { min: panel.x_range[0], max: panel.x_range[1] });
  }
}

function select(u) {
  const { left, width } = u.select;
  const item = charts.find((one) => one.u === u);
  if (!item || width < 4) return;
  const low = u.posToVal(left, "x"), high = u.posToVal(left + width, "x");
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  zoom(item, low, high);
}

/* Arrows move the cursor, + and - zoom around it, 0 or Escape shows everything. */
function keys(item, event) {
  const { u } = item;
  const width = u.over.clientWidth;
  const at = u.cursor.left >= 0 ? u.cursor.left : width / 2;
  const moves = { ArrowLeft: -width / 100, ArrowRight: width / 100, Home: -width, End: width };
  if (event.key in moves) {
    const left = Math.min(width - 1, Math.max(0, at + moves[event.key] * (event.shiftKey ? 10 : 1)));
    u.setCursor({ left, top: 10 }, true, true);
  } else if (event.key === "+" || event.key === "-") {
    const { min, max } = u.scales.x;
    const middle = u.posToVal(at, "x"), factor = event.key === "+" ? 0.5 : 2;
    const [low, high] = item.panel.x_range;
    zoom(item, Math.max(low, middle - (middle - min) * factor), Math.min(high, middle + (max - middle) * factor));
  } else if (event.key === "0" || event.key === "Escape") reset(item);
  else return;
  event.preventDefault();
}

function draw() {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  for (const [id, figure] of Object.entries(figures)) {
    const images = document.querySelectorAll(`#${id}-figure img`);
    figure.panels.forEach((panel, i) => chart(panel, images[i], figure.shared));
  }
  root.classList.add("live");
}

draw();
onTheme.push(() => {
  resolved = {};
  for (const { u } of charts) u.redraw(false);
});
