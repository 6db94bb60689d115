"use strict";
// The charts of a run: one time axis, one cursor; each is drawn when it comes into sight.
(() => {
  const D = JSON.parse(document.getElementById("data").textContent);
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const BYTES = ["B", "KiB", "MiB", "GiB", "TiB"];
  const three = (v) => (v === 0 ? "0" : Math.abs(v) >= 100 ? Math.round(v).toLocaleString("en") : String(+v.toPrecision(3)));
  const clock = (s) => {
    const tenth = Math.abs(s % 1) > 0.04 && s < 60;
    const whole = Math.floor(s), h = Math.floor(whole / 3600), m = Math.floor((whole % 3600) / 60);
    const tail = String(whole % 60).padStart(2, "0") + (tenth ? "." + Math.floor((s % 1) * 10) : "");
    return h ? h + ":" + String(m).padStart(2, "0") + ":" + tail : m + ":" + tail;
  };
  const bytes = (v) => {
    let n = 0, a = Math.abs(v);
    while (a >= 1024 && n < 4) { a /= 1024; n += 1; }
    return (v < 0 ? "-" : "") + three(a) + " " + BYTES[n];
  };
  const FORMAT = {
    bytes,
    ms: (v) => (v >= 1000 ? three(v / 1000) + " s" : v >= 1 || v === 0 ? three(v) + " ms" : three(v * 1000) + " µs"),
    rate: (v) => three(v) + "/s",
    cores: three, count: three, ratio: three, seconds: (v) => three(v) + " s",
  };
  const POWERS = [];
  for (let k = 0; k < 5; k += 1) for (let p = 0; p < 10; p += 1) POWERS.push(2 ** p * 1024 ** k);

  const plots = new Set();
  let zoom = null;
  let spreading = false;

  const bandColour = { "warm-up": "--b-warm-up", floor: "--b-floor", idle: "--b-idle" };
  const paintBands = (u) => {
    const { ctx } = u, { left, top, width, height } = u.bbox, px = uPlot.pxRatio;
    ctx.save();
    ctx.beginPath(); ctx.rect(left, 0, width, top + height); ctx.clip();
    ctx.font = `${11 * px}px system-ui, sans-serif`; ctx.textBaseline = "bottom"; ctx.textAlign = "left";
    for (const band of D.bands) {
      const x0 = u.valToPos(band.from, "x", true), x1 = u.valToPos(band.to, "x", true);
      if (x1 < left || x0 > left + width) continue;
      if (bandColour[band.kind]) { ctx.fillStyle = css(bandColour[band.kind]); ctx.fillRect(x0, top, Math.max(x1 - x0, px), height); }
      if (band.kind === "floor") continue;
      ctx.strokeStyle = css("--b-edge"); ctx.lineWidth = px; ctx.setLineDash([]); ctx.beginPath();
      ctx.moveTo(Math.round(x0) + 0.5, top - 14 * px); ctx.lineTo(Math.round(x0) + 0.5, top + height); ctx.stroke();
      const from = Math.max(x0, left) + 4 * px, room = Math.min(x1, left + width) - from;
      if (ctx.measureText(band.name).width <= room) { ctx.fillStyle = css("--muted"); ctx.fillText(band.name, from, top - 2 * px); }
    }
    ctx.restore();
  };
  const paintMarks = (u, limit) => {
    const { ctx } = u, { left, top, width, height } = u.bbox, px = uPlot.pxRatio;
    ctx.save();
    ctx.beginPath(); ctx.rect(left, top, width, height); ctx.clip();
    ctx.strokeStyle = ctx.fillStyle = css("--red"); ctx.lineWidth = 1.5 * px; ctx.setLineDash([]);
    ctx.font = `${11 * px}px system-ui, sans-serif`;
    for (const mark of D.marks) {
      const x = u.valToPos(mark.t, "x", true);
      ctx.beginPath(); ctx.moveTo(x, top); ctx.lineTo(x, top + height); ctx.stroke();
      const before = x - left > ctx.measureText(mark.name).width + 8 * px;
      ctx.textAlign = before ? "right" : "left"; ctx.textBaseline = "bottom";
      ctx.fillText(mark.name, x + (before ? -4 : 4) * px, top + height - 3 * px);
    }
    if (limit && limit.value <= u.scales.y.max) {
      const y = u.valToPos(limit.value, "y", true);
      ctx.setLineDash([6 * px, 4 * px]); ctx.beginPath(); ctx.moveTo(left, y); ctx.lineTo(left + width, y); ctx.stroke();
      const below = y - top < 16 * px;
      ctx.textAlign = "right"; ctx.textBaseline = below ? "top" : "bottom"; ctx.fillText(limit.name, left + width - 4 * px, y + (below ? 3 : -2) * px);
    }
    ctx.restore();
  };
  // From zero where that costs less than half the height; otherwise the range is at least a tenth
  // of the value, so that noise looks like noise.
  const range = (limit, unit) => (u, low, high) => {
    if (low === null || high === null) return [0, 1];
    if (limit && limit.value < 1.6 * high) high = Math.max(high, limit.value);
    if (low >= 0 && low < 0.6 * high) return [0, high * 1.08];
    const span = Math.max(high - low, Math.abs(high) * 0.1, unit === "bytes" ? 1 : 2);
    return [low >= 0 ? Math.max(0, low - span * 0.25) : low - span * 0.25, high + span * 0.2];
  };
  const logRange = (u, low, high) => [10 ** Math.floor(Math.log10(Math.max(low || 0.01, 1e-3))), 10 ** Math.ceil(Math.log10(Math.max(high || 1, 0.02)))];

  // A value between two gaps makes no line: it is drawn as a point. Undefined is no gap: another
  // series of the chart has a reading at that time.
  const lonely = (u, number) => {
    const values = u.data[number], found = [];
    for (let at = 0; at < values.length; at += 1) {
      if (values[at] === null || values[at] === undefined) continue;
      let before = at - 1, after = at + 1;
      while (before >= 0 && values[before] === undefined) before -= 1;
      while (after < values.length && values[after] === undefined) after += 1;
      if ((before < 0 || values[before] === null) && (after >= values.length || values[after] === null)) found.push(at);
    }
    return found.length ? found : null;
  };

  const plot = (box, spec) => {
    const format = FORMAT[spec.unit] || three;
    const value = (u, v) => (v === null || v === undefined ? "" : format(v));
    const axis = { stroke: css("--axis"), grid: { stroke: css("--grid"), width: 1 }, ticks: { stroke: css("--grid"), width: 1 }, font: "12px system-ui, sans-serif" };
    const options = {
      width: box.clientWidth, height: spec.height,
      padding: [18, 14, 0, 0],
      cursor: { sync: { key: "run", filters: { pub: (type) => type === "mousemove" || type === "mouseleave" || type === "mouseenter" } }, points: { size: 6 }, drag: { x: true, y: false, setScale: true }, bind: { dblclick: () => () => spread(null) } },
      scales: {
        x: { time: false, range: (u, low, high) => (u.ready ? [low, high] : zoom || [0, Math.max(D.end, 1)]) },
        y: spec.log ? { distr: 3, range: logRange } : { range: range(spec.limit, spec.unit) },
      },
      axes: [
        { ...axis, values: (u, splits) => splits.map(clock), space: 64, size: 32, incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400] },
        { ...axis, values: (u, splits) => splits.map((v) => (v === null ? "" : format(v))), size: 68, space: 26, ...(spec.unit === "bytes" ? { incrs: POWERS } : {}) },
      ],
      series: [
        { label: "at", value: (u, v) => (v === null || v === undefined ? "" : clock(v)) },
        ...spec.series.map((one) => ({
          label: one.label, value, spanGaps: false, show: one.show !== false,
          stroke: one.stroke ? css(one.stroke) : undefined, width: one.width || 1.6, dash: one.dash,
          fill: one.fill, points: one.points ? { show: true, size: 7, fill: css(one.stroke), stroke: css("--card"), width: 1 } : { show: false, filter: lonely, size: 5 },
          ...(one.points ? { paths: () => null } : {}),
          ...(one.hidden ? { stroke: "transparent", class: "off" } : {}),
        })),
      ],
      bands: spec.bands ? spec.bands.map((pair) => ({ series: pair, fill: css("--s1") + "2e" })) : [],
      hooks: {
        drawClear: [paintBands],
        draw: [(u) => paintMarks(u, spec.limit)],
        setScale: [(u, key) => {
          if (key !== "x" || spreading || !u.ready) return;
          spread(u.scales.x.min, u.scales.x.max);
        }],
        ready: [(u) => { u.ready = true; }],
      },
    };
    const made = new uPlot(options, spec.data, box);
    plots.add(made);
    return made;
  };
  const button = document.getElementById("whole");
  const spread = (low, high) => {
    zoom = low === null ? null : [Math.max(0, low), Math.min(Math.max(D.end, 1), high)];
    if (zoom && zoom[1] - zoom[0] < 0.5) zoom = null;
    if (zoom && zoom[0] <= 0 && zoom[1] >= D.end) zoom = null;
    spreading = true;
    for (const one of plots) one.setScale("x", { min: zoom ? zoom[0] : 0, max: zoom ? zoom[1] : Math.max(D.end, 1) });
    spreading = false;
    if (button) button.hidden = !zoom;
  };
  if (button) button.addEventListener("click", () => spread(null));

  // ---------------------------------------------------------------- what is drawn
  const AT_ONCE = 8;
  const jobs = new Map();
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) { seen.unobserve(entry.target); draw(entry.target); }
  }, { rootMargin: "400px" });
  const draw = (box) => {
    const job = jobs.get(box);
    if (job.made) { plots.delete(job.made); job.made.destroy(); }
    job.made = plot(box, { ...job.spec(), height: job.height });
  };
  const chart = (parent, title, note, height, spec, growing, id) => {
    const whole = document.createElement("div"), head = document.createElement("h3"), box = document.createElement("div");
    whole.className = growing ? "chart growing" : "chart"; box.className = "plot";
    box.style.minHeight = height + 24 + "px"; // what it will need, so that links to a chart arrive there
    if (id) whole.id = id;
    head.textContent = title;
    if (note) { const small = document.createElement("small"); small.textContent = note; head.append(small); }
    whole.append(head, box); parent.append(whole);
    jobs.set(box, { spec, height, made: null });
    if (jobs.size <= AT_ONCE) draw(box); else seen.observe(box);
    return box;
  };
  const redraw = (boxes) => { for (const box of boxes) if (jobs.get(box).made) draw(box); };

  const route = document.getElementById("route"), log = document.getElementById("log");
  const chosen = () => D.routes.find((one) => !route || one.key === route.value) || D.routes[0];
  const loads = document.getElementById("load-charts");
  if (loads && D.routes.length) {
    const latency = chart(loads, "Latency", "response time from the intended start", 240, () => {
      const r = chosen();
      return {
        unit: "ms", log: log && log.checked, data: [r.t, r.p50, r.p90, r.p99, r.service_p99],
        series: [
          { label: "p50", stroke: "--s1" }, { label: "p90", stroke: "--s2" }, { label: "p99", stroke: "--s3" },
          { label: "service p99", stroke: "--s4", width: 1.2, dash: [5, 4] },
        ],
      };
    });
    const rate = chart(loads, "Rate", "", 196, () => {
      const r = chosen(), planned = D.intended && r.key === "all";
      const tables = [[r.t, r.fired, r.ok, r.errors]];
      const series = [
        { label: r.unit + " fired", stroke: "--s1", width: 3.5 }, { label: "ok", stroke: "--s2", width: 1.2 }, { label: "errors", stroke: "--s3" },
      ];
      if (planned) { tables.push(D.intended); series.push({ label: "intended", stroke: "--s6", dash: [5, 4], width: 1.2 }); }
      return { unit: "rate", data: uPlot.join(tables), series };
    });
    for (const control of [route, log]) if (control) control.addEventListener("change", () => redraw([latency, rate]));
  }
  const first = (line) => line.v.find((v) => v !== null), last = (line) => [...line.v].reverse().find((v) => v !== null);
  const resource = (parent, one, growing) => {
    const format = FORMAT[one.unit] || three;
    const from = one.floors.v.length > 1 ? one.floors : one.line;
    let note = "";
    if (from.v.length) {
      const ends = [format(first(from)), format(last(from))];
      note = (from === one.floors ? "floors " : "") + (ends[0] === ends[1] ? ends[0] : ends.join(" to "));
    }
    const near = one.limit && Math.max(...one.line.v, ...one.floors.v) * 1.6 > one.limit.value;
    if (one.limit && !near) note += `, ${one.limit.name}`;
    if (one.unit === "cores") note = "cores of the target";
    chart(parent, one.noun === one.noun.toUpperCase() ? one.noun : one.noun[0].toUpperCase() + one.noun.slice(1), note, 186, () => {
      const tables = [], series = [], bands = [];
      if (one.line.lo) {
        tables.push([one.line.t, one.line.v, one.line.lo, one.line.hi]);
        series.push({ label: one.name, stroke: "--s1" }, { label: "least", hidden: true }, { label: "greatest", hidden: true });
        bands.push([3, 2]);
      } else {
        tables.push([one.line.t, one.line.v]);
        series.push({ label: one.name, stroke: "--s1" });
      }
      const palette = ["--s4", "--s2", "--s5", "--s6", "--s7", "--s3"];
      one.children.forEach((child, n) => {
        tables.push([child.line.t, child.line.v]);
        series.push({ label: child.name, stroke: palette[n], width: 1 });
      });
      if (one.floors.t.length) { tables.push([one.floors.t, one.floors.v]); series.push({ label: "floor", stroke: "--s2", points: true }); }
      if (one.trend) { tables.push([one.trend.t, one.trend.v]); series.push({ label: "growth found", stroke: "--s3", dash: [6, 4], width: 1.8 }); }
      return { unit: one.unit, limit: one.limit, data: uPlot.join(tables), series, bands };
    }, growing, one.id);
  };
  const resources = document.getElementById("resource-charts");
  if (resources) for (const one of D.resources) resource(resources, one, Boolean(one.trend));
  const gauges = document.getElementById("gauge-charts");
  if (gauges) for (const one of D.gauges) resource(gauges, one, false);

  // ---------------------------------------------------------------- the page changes
  let waiting = 0;
  new ResizeObserver(() => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => {
      for (const one of plots) {
        const box = one.root.parentElement;
        if (box.clientWidth && box.clientWidth !== one.width) one.setSize({ width: box.clientWidth, height: one.height });
      }
    });
  }).observe(document.body);
  addEventListener("beforeprint", () => { for (const box of jobs.keys()) if (!jobs.get(box).made && box.clientWidth) draw(box); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw(jobs.keys()));
})();
