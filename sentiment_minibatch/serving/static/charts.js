// The charts, in the colours of the page; a stretch of time that is drawn across is zoomed into.
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const COMPARED = ["--accent", "--second", "--third", "--fourth"];
const AXIS = () => ({ stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" });
const drawn = new Map();

export const seriesColour = (position) => colour(COMPARED[position]);

function options(target, { from, to }, { height, zoom, show }) {
  const days = to - from > 36 * 3_600_000;
  return {
    width: target.clientWidth, height,
    tzDate: (time) => uPlot.tzDate(new Date(time * 1000), "Etc/UTC"),
    legend: { show: false },
    padding: [8, 8, 0, 0],
    scales: { x: { range: () => [from / 1000, to / 1000] } },
    axes: [
      { ...AXIS(), grid: { show: false }, space: 60, values: (_, times) => times.map((time) => {
        const at = new Date(time * 1000).toISOString();
        const day = new Date(time * 1000).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
        return days ? (at.slice(11, 16) === "00:00" ? day : at.slice(11, 16)) : at.slice(11, 16);
      }) },
      { ...AXIS(), size: 36 },
    ],
    cursor: {
      drag: { x: true, y: false, setScale: false },
      sync: { key: "time" },
      points: { size: 7 },
      bind: { dblclick: () => () => { zoom?.(null); return null; } },
    },
    hooks: {
      setSelect: [(plot) => {
        const { left, width } = plot.select;
        if (width < 8) return;
        const [start, end] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
        plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        zoom?.({ from: new Date(start * 1000), to: new Date(end * 1000) });
      }],
      setCursor: [(plot) => show?.(plot.cursor.idx)],
    },
  };
}

function draw(target, build, data) {
  drawn.get(target)?.destroy();
  const plot = new uPlot(build, data, target);
  drawn.set(target, plot);
  return plot;
}

const times = (points) => points.map((point) => Date.parse(point.period_ending) / 1000);
const line = (shade, width = 2) => ({ stroke: shade, width, points: { show: false } });
const half = (plot) => {
  const y = Math.round(plot.valToPos(50, "y", true));
  plot.ctx.save();
  plot.ctx.setLineDash([2, 4]);
  plot.ctx.strokeStyle = colour("--flat");
  plot.ctx.beginPath();
  plot.ctx.moveTo(plot.bbox.left, y);
  plot.ctx.lineTo(plot.bbox.left + plot.bbox.width, y);
  plot.ctx.stroke();
  plot.ctx.restore();
};

function indexOptions(target, span, more) {
  const build = options(target, span, more);
  build.scales.y = { range: [0, 100] };
  build.axes[1].splits = () => [0, 25, 50, 75, 100];
  build.hooks.drawAxes = [half];
  return build;
}

// One index with its band.
export function drawIndex(target, points, span, more) {
  const build = indexOptions(target, span, more);
  build.series = [{}, { ...line("transparent", 0) }, { ...line("transparent", 0) }, line(colour("--accent"))];
  build.bands = [{ series: [2, 1], fill: colour("--band") }];
  const column = (name) => points.map((point) => point[name]);
  return draw(target, build, [times(points), column("low"), column("high"), column("index")]);
}

// Up to four indices, each a line.
export function drawCompared(target, histories, span, more) {
  const build = indexOptions(target, span, more);
  build.series = [{}, ...histories.map((_, position) => line(seriesColour(position)))];
  const tables = histories.map(({ points }) => [times(points), points.map((point) => point.index)]);
  return draw(target, build, uPlot.join(tables, tables.map(() => [2, 2])));
}

// The messages of each step, stacked.
export function drawVolume(target, points, span, more) {
  const build = options(target, span, more);
  const bars = uPlot.paths.bars({ size: [0.8, 40] });
  const bar = (shade) => ({ fill: colour(shade), stroke: colour(shade), width: 0, paths: bars, points: { show: false } });
  build.series = [{}, bar("--bear"), bar("--flat"), bar("--bull")];
  build.scales.y = { range: (_, low, high) => [0, Math.max(high ?? 1, 1)] };
  build.axes[1].space = 24;
  const sum = (...names) => points.map((point) => names.reduce((total, name) => total + point[name], 0));
  return draw(target, build, [times(points), sum("bullish_count", "neutral_count", "bearish_count"), sum("bullish_count", "neutral_count"), sum("bullish_count")]);
}

for (const chart of document.querySelectorAll(".chart")) {
  new ResizeObserver(() => {
    const plot = drawn.get(chart);
    if (plot && chart.clientWidth && plot.width !== chart.clientWidth) plot.setSize({ width: chart.clientWidth, height: plot.height });
  }).observe(chart);
}
