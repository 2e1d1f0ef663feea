"use strict";
/* What moves in a report: curves, maps over time, the filter of parameters, the copy button. No library, nothing from a network. */
(() => {
  const data = JSON.parse(document.getElementById("report-data").textContent);
  const SVG = "http://www.w3.org/2000/svg";
  const DASHES = ["", "7 4", "2 3", "9 3 2 3"];
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const redraws = [];

  function element(parent, name, attributes = {}, text = "") {
    const made = parent.namespaceURI === SVG || name === "svg" ? document.createElementNS(SVG, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text) made.textContent = text;
    return parent.appendChild(made);
  }

  function shown(value, digits = 4) {
    if (value === null || value === undefined || !Number.isFinite(value)) return "–";
    const size = Math.abs(value);
    if (size === 0) return "0";
    if (size >= 1e-3 && size < 1e6) {
      const text = size >= 10 ** digits ? Math.round(value).toString() : String(Number(value.toPrecision(digits)));
      const grouped = /^-?\d{5,}$/.test(text) ? text.replace(/\B(?=(\d{3})+$)/g, "\u202f") : text;
      return grouped.replace("-", "−");
    }
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    const raised = String(Number(exponent)).replace(/./g, (c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);
    return `${Number(mantissa)} × 10${raised}`.replace("-", "−");
  }

  function time(value, unit) {
    return unit === "days" ? `Day ${shown(value)}` : `${shown(value)} ${unit}`;
  }

  /* Round steps: about `count` of them between low and high. */
  function steps(low, high, count) {
    const span = high - low || Math.abs(high) || 1;
    const rough = span / Math.max(1, count);
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough * 0.999);
    const found = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * span; k += 1) found.push(Number((k * step).toPrecision(12)));
    return found;
  }

  function decades(low, high) {
    const found = [];
    const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
    const stride = Math.max(1, Math.ceil((last - first) / 6));
    for (let k = first; k <= last; k += stride) found.push(10 ** k);
    return found.length > 1 ? found : steps(low, high, 4).filter((v) => v > 0);
  }

  /* --- curves ------------------------------------------------------------------------------------------------------------ */

  function chart(figure) {
    const found = data.charts[figure.dataset.chart];
    const plot = figure.querySelector(".plot"), select = figure.querySelector("select"), log = figure.querySelector(".logarithmic");
    const readout = figure.querySelector(".readout"), legend = figure.querySelector(".legend");
    if (!found || !found.quantities.length) { figure.hidden = true; return; }
    const groups = new Map();
    for (const one of found.quantities) {
      if (!groups.has(one.group)) groups.set(one.group, element(select, "optgroup", { label: one.group }));
      element(groups.get(one.group), "option", { value: one.name }, one.label + (one.unit && one.unit !== "1" ? ` (${one.unit})` : ""));
    }
    select.value = found.first;
    const times = [...new Set(found.times.flat())].sort((a, b) => a - b);
    let at = null, scale = null;

    const values = (line) => Array.isArray(line.v) ? line.v : found.times[line.t].map(() => line.v);

    function limits(one) {
      const all = one.lines.flatMap((line) => values(line)).filter((v) => v !== null);
      for (const p of one.points) all.push(p.v + (p.sd || 0), log.checked ? p.v : p.v - (p.sd || 0));
      if (log.checked) {
        const positive = all.filter((v) => v > 0);
        if (!positive.length) return [0.1, 1];
        const high = Math.max(...positive), low = Math.max(Math.min(...positive), high * 1e-9);
        return [low / 1.3, high * 1.3];
      }
      if (one.range) all.push(...one.range);
      let low = Math.min(...all), high = Math.max(...all);
      if (low >= 0 && low < 0.5 * high) low = 0;
      const margin = 0.06 * (high - low) || 0.1 * Math.abs(high) || 1;
      return [low === 0 ? 0 : low - margin, high + margin];
    }

    function draw() {
      const one = found.quantities.find((q) => q.name === select.value);
      const width = Math.max(260, plot.clientWidth), height = Math.round(Math.min(380, Math.max(240, width * 0.46)));
      const [low, high] = limits(one);
      const end = Math.max(...found.times.flat(), 0) || 1;
      const ticks = log.checked ? decades(low, high) : steps(low, high, height / 62);
      const left = 16 + 7 * Math.max(...ticks.map((v) => shown(v).length), 3), right = 14, top = 24, bottom = 44;
      const x = (t) => left + (t / end) * (width - left - right);
      const part = log.checked ? (v) => Math.log(Math.max(v, low) / low) / Math.log(high / low) : (v) => (v - low) / (high - low);
      const y = (v) => height - bottom - part(v) * (height - top - bottom);
      scale = { x, y, left, right, width, end };
      plot.replaceChildren();
      const unit = one.unit && one.unit !== "1" ? ` (${one.unit})` : "";
      const svg = element(plot, "svg", {
        viewBox: `0 0 ${width} ${height}`, role: "img", tabindex: 0, "aria-label": `${one.label}${unit} against time in ${found.unit}`,
      });
      axes(svg, one.label + unit, ticks, width, height);
      if (one.range && !log.checked) {
        element(svg, "rect", { class: "band", x: left, width: width - left - right, y: y(one.range[1]), height: y(one.range[0]) - y(one.range[1]) });
      }
      marks(svg, top, height - bottom, width - right);
      one.lines.forEach((line, number) => element(svg, "path", { class: "curve", d: path(line), ...stroke(number) }));
      one.points.forEach((p) => point(svg, p));
      svg.addEventListener("pointermove", (event) => {
        const box = svg.getBoundingClientRect();
        point_at(((event.clientX - box.left) * width / box.width - left) / (width - left - right) * end);
      });
      svg.addEventListener("pointerleave", () => show(null));
      svg.addEventListener("keydown", keys);
      legends(one);
      show(at);
    }

    function axes(svg, title, ticks, width, height) {
      const { x, y, left, right, end } = scale, foot = height - 44;
      for (const v of ticks) {
        element(svg, "line", { class: "grid", x1: left, x2: width - right, y1: y(v), y2: y(v) });
        element(svg, "text", { x: left - 7, y: y(v) + 4, "text-anchor": "end" }, shown(v));
      }
      const across = steps(0, end, width / 95);
      for (const t of across) {
        element(svg, "line", { class: "axis", x1: x(t), x2: x(t), y1: foot, y2: foot + 4 });
        element(svg, "text", { x: x(t), y: foot + 17, "text-anchor": "middle" }, shown(t));
      }
      element(svg, "line", { class: "axis", x1: left, x2: width - right, y1: foot, y2: foot });
      element(svg, "text", { class: "axis-title", x: (left + width - right) / 2, y: height - 8, "text-anchor": "middle" }, `Time (${found.unit})`);
      const most = Math.floor((width - 4) / 6.6);
      element(svg, "text", { class: "axis-title", x: 0, y: 12 }, title.length > most ? `${title.slice(0, most - 1)}…` : title);
    }

    function marks(svg, top, foot, edge) {
      let free = -Infinity;
      found.marks.forEach((mark, number) => {
        const place = scale.x(mark.t), wide = 4 + mark.label.length * 5.8;
        const next = number + 1 < found.marks.length ? scale.x(found.marks[number + 1].t) : edge;
        const line = element(svg, "line", { class: "event", x1: place, x2: place, y1: top, y2: foot });
        element(line, "title", {}, mark.label);
        if (place > free && (next === place || place + wide < next) && place + wide < edge) {
          element(svg, "text", { x: place + 4, y: top + 10, "font-size": 11 }, mark.label);
          free = place + wide;
        }
      });
    }

    function stroke(number) {
      return { stroke: `var(--line-${(number % 7) + 1})`, "stroke-dasharray": DASHES[Math.floor(number / 7) % DASHES.length] };
    }

    function path(line) {
      const own = found.times[line.t];
      let text = "", pen = "M";
      values(line).forEach((v, k) => {
        if (v === null || (log.checked && v <= 0)) { pen = "M"; return; }
        text += `${pen}${scale.x(own[k]).toFixed(1)} ${scale.y(v).toFixed(1)}`;
        pen = "L";
      });
      return text;
    }

    function point(svg, p) {
      const group = element(svg, "g", {}), x = scale.x(p.t);
      element(group, "title", {}, `measured ${shown(p.v)}${p.sd ? ` ± ${shown(p.sd)}` : ""}, ${p.source}`);
      if (p.sd) element(group, "line", { class: "point", x1: x, x2: x, y1: scale.y(p.v - p.sd), y2: scale.y(p.v + p.sd) });
      element(group, "circle", { class: p.fitted ? "point fitted" : "point", cx: x, cy: scale.y(p.v), r: 4.5 });
    }

    function legends(one) {
      legend.replaceChildren();
      const swatch = (draw_it, words) => {
        const item = element(legend, "li");
        draw_it(element(item, "svg", { viewBox: "0 0 28 10", "aria-hidden": "true", class: "plot" }));
        item.append(words);
      };
      if (one.lines.length > 1 || one.points.length) {
        one.lines.forEach((line, number) => swatch((svg) => element(svg, "line", { x1: 0, x2: 28, y1: 6, y2: 6, "stroke-width": 2.5, ...stroke(number) }), line.label));
      }
      for (const fitted of [true, false]) {
        if (one.points.some((p) => p.fitted === fitted)) {
          swatch((svg) => {
            const ring = element(svg, "circle", { cx: 14, cy: 5, r: 4, stroke: "var(--line-2)", "stroke-width": 1.5 });
            ring.setAttribute("fill", fitted ? "var(--line-2)" : "none");
          }, fitted ? "measured, used in calibration" : "measured, not used in calibration");
        }
      }
      legend.hidden = !legend.children.length;
    }

    function point_at(t) {
      let best = 0;
      times.forEach((one, k) => { if (Math.abs(one - t) < Math.abs(times[best] - t)) best = k; });
      show(times.length ? times[best] : null);
    }

    /* The value of a line at a time, on a straight line between its own times; nothing beyond them. */
    function value_at(line, t) {
      const own = found.times[line.t], v = values(line), next = own.findIndex((one) => one >= t);
      if (next < 0 || (next === 0 && own[0] > t)) return null;
      if (own[next] === t) return v[next];
      const before = v[next - 1], after = v[next];
      return before === null || after === null ? null : before + (after - before) * (t - own[next - 1]) / (own[next] - own[next - 1]);
    }

    function show(t) {
      at = t;
      const svg = plot.querySelector("svg");
      svg.querySelectorAll(".cursor").forEach((old) => old.remove());
      readout.replaceChildren();
      if (t === null) return;
      const one = found.quantities.find((q) => q.name === select.value);
      element(svg, "line", { class: "cursor", x1: scale.x(t), x2: scale.x(t), y1: 24, y2: Number(svg.getAttribute("viewBox").split(" ")[3]) - 44 });
      element(readout, "b", {}, time(t, found.unit));
      one.lines.forEach((line, number) => {
        const v = value_at(line, t);
        if (v !== null && (!log.checked || v > 0)) {
          element(svg, "circle", { class: "cursor", cx: scale.x(t), cy: scale.y(v), r: 4, fill: `var(--line-${(number % 7) + 1})` });
        }
        readout.append(`${number ? ";" : ":"} ${one.lines.length > 1 ? `${line.label} ` : ""}${shown(v)}`);
      });
      if (one.unit && one.unit !== "1") readout.append(` ${one.unit}`);
    }

    function keys(event) {
      const moves = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10, Home: -times.length, End: times.length };
      if (event.key === "Escape") { show(null); return; }
      if (!(event.key in moves)) return;
      event.preventDefault();
      const now = at === null ? (moves[event.key] < 0 ? times.length : -1) : times.indexOf(at);
      show(times[Math.min(times.length - 1, Math.max(0, now + moves[event.key]))]);
    }

    select.addEventListener("change", () => { at = null; draw(); });
    log.addEventListener("change", draw);
    redraws.push(draw);
    let before = 0;
    new ResizeObserver(() => { if (plot.clientWidth !== before) { before = plot.clientWidth; draw(); } }).observe(plot);
  }

  /* --- maps over time ---------------------------------------------------------------------------------------------------- */

  const table = new Uint8Array(768).map((_, k) => parseInt(data.colours.substr(2 * k, 2), 16));
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const MISSING = 255, FULL = 254;

  function maps(root) {
    const found = data.maps[root.dataset.maps];
    const slider = root.querySelector(".time"), day = root.querySelector(".day"), play = root.querySelector(".play");
    const rescale = root.querySelector(".rescale"), sites = root.querySelector(".sites");
    let timer = null;
    const drawn = found.sites.map((site) => card(site));

    function card(site) {
      const box = element(sites, "div", { class: site.panels.length > 1 ? "site wide" : "site" });
      element(box, "h4", {}, site.site);
      const panels = element(box, "div", { class: "panels" });
      const pointed = document.createElement("output");
      const made = site.panels.map((panel) => {
        const holder = element(panels, "div", { class: "panel" });
        if (panel.title) element(holder, "p", {}, panel.title);
        const canvas = element(holder, "canvas", { role: "img" });
        const one = { panel, canvas, frames: bytes(panel.data), site, holder };
        canvas.addEventListener("pointermove", (event) => pointed.replaceChildren(tell(one, event)));
        canvas.addEventListener("pointerleave", () => pointed.replaceChildren());
        return one;
      });
      const plane = "up" in site.panels[0];
      const bar = plane ? element(box, "div", { class: "colourbar" }) : null;
      if (bar) {
        element(bar, "span", {}, "0");
        const ramp = element(bar, "span", { class: "bar" });
        const stops = Array.from({ length: 17 }, (_, k) => `rgb(${table.slice(3 * Math.min(255, 16 * k), 3 * Math.min(255, 16 * k) + 3).join(",")})`);
        ramp.style.background = `linear-gradient(to right, ${stops.join(",")})`;
        element(bar, "span", { class: "high" });
      }
      pointed.className = "pointed";
      box.appendChild(pointed);
      return { site, made, bar, plane };
    }

    const frame = () => Number(slider.value);
    const top = (site) => (rescale.checked ? site.tops[frame()] : Math.max(...site.tops)) || 1;

    function value(one, k, row, column) {
      const { panel, frames, site } = one;
      const raw = frames[(k * panel.rows + row) * panel.columns + column];
      return raw === MISSING ? null : (raw / FULL) * site.tops[k];
    }

    function tell(one, event) {
      const { panel, canvas } = one, box = canvas.getBoundingClientRect(), area = one.area;
      const across = (event.clientX - box.left - area.left) / area.width, up = 1 - (event.clientY - box.top - area.top) / area.height;
      if (across < 0 || across >= 1 || up < 0 || up >= 1) return "";
      if (!("up" in panel)) {
        const x = panel.at[0] + across * (panel.at[panel.at.length - 1] - panel.at[0]);
        let best = 0;
        panel.at.forEach((p, k) => { if (Math.abs(p - x) < Math.abs(panel.at[best] - x)) best = k; });
        return `${panel.across} ${shown(panel.at[best], 3)} mm: ${shown(value(one, frame(), 0, best), 3)} ${found.value_unit}`;
      }
      const v = value(one, frame(), Math.floor(up * panel.rows), Math.floor(across * panel.columns));
      const told = v === null ? "nothing there" : `${shown(v, 3)} ${found.value_unit}`;
      return `${panel.across} ${shown(across * panel.width, 3)} mm, ${panel.up} ${shown(up * panel.height, 3)} mm: ${told}`;
    }

    function paint() {
      const k = frame(), words = time(found.times[k], found.unit);
      day.textContent = words;
      slider.setAttribute("aria-valuetext", words);
      for (const one of drawn) {
        const some = Math.max(...one.site.tops) > 0;
        if (one.bar) one.bar.querySelector(".high").textContent = some ? `${shown(top(one.site), 3)} ${found.value_unit}` : "no mineral at any time";
        one.made.forEach((panel) => (one.plane ? plane(panel, k) : profile(panel, k)));
        const said = `Mineral in ${one.site.site}, ${words.toLowerCase()}: at most ${shown(one.site.tops[k], 3)} ${found.value_unit}`;
        one.made.forEach((panel) => panel.canvas.setAttribute("aria-label", said));
      }
    }

    function prepared(one, ratio) {
      const { canvas, holder } = one;
      const wide = holder.clientWidth || 300, area = { left: 50, top: 10, width: wide - 62 };
      area.height = Math.max(40, Math.min(420, ratio ? area.width * ratio : area.width * 0.55));
      if (ratio && area.width * ratio > 420) area.width = 420 / ratio;
      const high = area.height + area.top + 42, sharp = window.devicePixelRatio || 1;
      canvas.width = Math.round(wide * sharp);
      canvas.height = Math.round(high * sharp);
      canvas.style.height = `${high}px`;
      const pen = canvas.getContext("2d");
      pen.setTransform(sharp, 0, 0, sharp, 0, 0);
      pen.clearRect(0, 0, wide, high);
      pen.font = `12px ${colour("--sans")}`;
      one.area = area;
      return { pen, area };
    }

    function box(pen, area, across, up, names) {
      pen.strokeStyle = colour("--soft");
      pen.fillStyle = colour("--soft");
      pen.lineWidth = 1;
      pen.strokeRect(area.left - 0.5, area.top - 0.5, area.width + 1, area.height + 1);
      pen.textAlign = "center";
      pen.textBaseline = "top";
      for (const v of steps(across[0], across[1], area.width / 70)) {
        const x = area.left + (v - across[0]) / (across[1] - across[0]) * area.width;
        pen.fillRect(x - 0.5, area.top + area.height, 1, 4);
        pen.fillText(shown(v), x, area.top + area.height + 6);
      }
      pen.textAlign = "right";
      pen.textBaseline = "middle";
      for (const v of steps(up[0], up[1], area.height / 48)) {
        const y = area.top + area.height - (v - up[0]) / (up[1] - up[0]) * area.height;
        pen.fillRect(area.left - 5, y - 0.5, 4, 1);
        pen.fillText(shown(v), area.left - 8, y);
      }
      pen.fillStyle = colour("--ink");
      pen.textAlign = "center";
      pen.textBaseline = "bottom";
      pen.fillText(names[0], area.left + area.width / 2, area.top + area.height + 40);
      pen.save();
      pen.translate(11, area.top + area.height / 2);
      pen.rotate(-Math.PI / 2);
      pen.textBaseline = "middle";
      pen.fillText(names[1], 0, 0);
      pen.restore();
    }

    function plane(one, k) {
      const { panel, site } = one, { pen, area } = prepared(one, panel.height / panel.width);
      const image = new ImageData(panel.columns, panel.rows), size = panel.columns * panel.rows, factor = site.tops[k] / top(site);
      for (let n = 0; n < size; n += 1) {
        const raw = one.frames[k * size + n], row = panel.rows - 1 - Math.floor(n / panel.columns);
        const place = 4 * (row * panel.columns + (n % panel.columns));
        if (raw === MISSING) continue;
        const shade = 3 * Math.min(255, Math.round(raw / FULL * factor * 255));
        image.data.set([table[shade], table[shade + 1], table[shade + 2], 255], place);
      }
      const small = Object.assign(document.createElement("canvas"), { width: panel.columns, height: panel.rows });
      small.getContext("2d").putImageData(image, 0, 0);
      pen.imageSmoothingEnabled = false;
      pen.drawImage(small, area.left, area.top, area.width, area.height);
      bar(pen, area, panel.width);
      box(pen, area, [0, panel.width], [0, panel.height], [`${panel.across} (mm)`, `${panel.up} (mm)`]);
    }

    /* A scale bar of a round length, about a quarter of the width. */
    function bar(pen, area, width) {
      const length = steps(0, width, 4)[1], wide = length / width * area.width;
      const x = area.left + area.width - wide - 10, y = area.top + area.height - 12;
      const words = length < 0.1 ? `${shown(length * 1000)} µm` : `${shown(length)} mm`;
      pen.fillStyle = "rgba(0, 0, 0, .55)";
      pen.fillRect(x - 6, y - 20, wide + 12, 28);
      pen.fillStyle = "#fff";
      pen.fillRect(x, y, wide, 3);
      pen.textAlign = "center";
      pen.textBaseline = "bottom";
      pen.fillText(words, x + wide / 2, y - 2);
    }

    function profile(one, k) {
      const { panel, site } = one, { pen, area } = prepared(one, 0), at = panel.at, high = 1.08 * top(site);
      const x = (v) => area.left + (v - at[0]) / (at[at.length - 1] - at[0]) * area.width;
      const y = (v) => area.top + area.height - v / high * area.height;
      pen.beginPath();
      pen.moveTo(x(at[0]), y(0));
      at.forEach((place, column) => pen.lineTo(x(place), y(value(one, k, 0, column) || 0)));
      pen.lineTo(x(at[at.length - 1]), y(0));
      pen.closePath();
      pen.fillStyle = colour("--band");
      pen.globalAlpha = 0.8;
      pen.fill();
      pen.globalAlpha = 1;
      pen.beginPath();
      at.forEach((place, column) => pen.lineTo(x(place), y(value(one, k, 0, column) || 0)));
      pen.strokeStyle = colour("--line-1");
      pen.lineWidth = 2;
      pen.lineJoin = "round";
      pen.stroke();
      box(pen, area, [at[0], at[at.length - 1]], [0, high], [`Position ${panel.across} (mm)`, `Calcium (${found.value_unit})`]);
    }

    function stop() {
      clearInterval(timer);
      timer = null;
      play.textContent = "Play";
      play.setAttribute("aria-pressed", "false");
    }

    play.addEventListener("click", () => {
      if (timer !== null) { stop(); return; }
      if (frame() >= Number(slider.max)) slider.value = 0;
      play.textContent = "Pause";
      play.setAttribute("aria-pressed", "true");
      paint();
      timer = setInterval(() => {
        slider.value = frame() + 1;
        paint();
        if (frame() >= Number(slider.max)) stop();
      }, Math.min(500, Math.max(90, 6000 / found.times.length)));
    });
    slider.addEventListener("input", () => { if (timer !== null) stop(); paint(); });
    rescale.addEventListener("change", paint);
    redraws.push(paint);
    let before = 0;
    new ResizeObserver(() => { if (sites.clientWidth !== before) { before = sites.clientWidth; paint(); } }).observe(sites);
  }

  /* --- parameters, copying, paper ------------------------------------------------------------------------------------------ */

  function filter() {
    const box = document.getElementById("parameter-filter");
    if (!box) return;
    const quality = document.getElementById("parameter-quality"), count = document.getElementById("parameter-count");
    const rows = Array.from(document.querySelectorAll("#parameter-table tbody tr"), (row) => [row, row.textContent.toLowerCase()]);
    const apply = () => {
      const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
      let seen = 0;
      for (const [row, text] of rows) {
        const kept = words.every((word) => text.includes(word)) && (!quality.value || row.dataset.quality === quality.value);
        row.hidden = !kept;
        seen += kept;
      }
      count.textContent = `${seen} of ${rows.length}`;
    };
    box.addEventListener("input", apply);
    quality.addEventListener("change", apply);
  }

  async function copy(button) {
    const source = document.getElementById(button.dataset.copy), said = button.parentElement.querySelector(".copied");
    try {
      await navigator.clipboard.writeText(source.textContent);
      said.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(source);
      said.textContent = document.execCommand("copy") ? "copied" : "selected: copy it with Ctrl-C";
    }
  }

  document.querySelectorAll("[data-chart]").forEach(chart);
  document.querySelectorAll("[data-maps]").forEach(maps);
  document.querySelectorAll("[data-copy]").forEach((button) => button.addEventListener("click", () => copy(button)));
  filter();
  const all = () => redraws.forEach((draw) => draw());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
  const paper = (on) => () => { document.documentElement.classList.toggle("paper", on); all(); };
  window.addEventListener("beforeprint", paper(true));
  window.addEventListener("afterprint", paper(false));
})();
