// The two charts, in the colours of the page.
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const CONFIG = { displayModeBar: false, responsive: true };

function layout(hours, more = {}) {
  return {
    margin: { l: 34, r: 8, t: 8, b: 26 },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: colour("--quiet"), size: 12, family: "system-ui, DejaVu Sans, sans-serif" },
    showlegend: false, hovermode: "x unified", bargap: 0.15, dragmode: false,
    hoverlabel: { bgcolor: colour("--card"), bordercolor: colour("--line"), font: { color: colour("--ink") } },
    xaxis: { type: "date", showgrid: false, tickformat: hours > 24 ? "%-d %b" : "%H:%M", nticks: 7, linecolor: colour("--line"), fixedrange: true, hoverformat: "%H:%M, %-d %b" },
    yaxis: { range: [0, 100], tickvals: [0, 25, 50, 75, 100], gridcolor: colour("--line"), zeroline: false, fixedrange: true },
    shapes: [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: 50, y1: 50, line: { color: colour("--flat"), width: 1, dash: "dot" } }],
    ...more,
  };
}

function indexTraces(points) {
  const x = points.map((point) => point.period_ending.slice(0, 19));
  const edge = (key) => ({ x, y: points.map((point) => point[key]), mode: "lines", line: { width: 0 }, hoverinfo: "skip", connectgaps: false });
  return [
    edge("low"),
    { ...edge("high"), fill: "tonexty", fillcolor: colour("--band") },
    { x, y: points.map((point) => point.index), mode: "lines", line: { color: colour("--accent"), width: 2 },
      customdata: points.map((point) => [point.low, point.high]), connectgaps: false,
      hovertemplate: "index %{y:.1f} (%{customdata[0]:.0f} to %{customdata[1]:.0f})<extra></extra>" },
  ];
}

export function drawMarket(target, history, hours) {
  Plotly.react(target, indexTraces(history.points), layout(hours), CONFIG);
}

export function drawTicker(target, history, hours) {
  const x = history.points.map((point) => point.period_ending.slice(0, 19));
  const volume = (key, name, shade) => ({
    type: "bar", x, y: history.points.map((point) => point[key]), name, yaxis: "y2", marker: { color: colour(shade), line: { width: 0 } },
    hovertemplate: `%{y} ${name}<extra></extra>`,
  });
  const traces = [
    ...indexTraces(history.points),
    volume("bullish_count", "bullish", "--bull"), volume("neutral_count", "neutral", "--flat"), volume("bearish_count", "bearish", "--bear"),
  ];
  const axes = layout(hours, { barmode: "stack" });
  axes.yaxis.domain = [0.34, 1];
  axes.yaxis2 = { domain: [0, 0.26], gridcolor: colour("--line"), zeroline: false, fixedrange: true, nticks: 3, rangemode: "tozero" };
  axes.xaxis.anchor = "y2";
  Plotly.react(target, traces, axes, CONFIG);
}
