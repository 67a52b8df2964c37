// Asks the API. Of a history that is known already only the end is asked for again.
const OVERLAP_SECONDS = 1_800; // late messages change what was
const WHOLE_AGAIN_AFTER = 15; // refreshes: later ones still change more
const known = new Map();
export const server = { clockOffset: 0 };

export async function ask(address) {
  const answer = await fetch(address, { cache: "no-cache" }).catch(() => { throw new Error("the server does not answer"); });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(body.detail ?? `the server answers ${answer.status}`), { status: answer.status });
  server.clockOffset = Date.parse(answer.headers.get("Date")) - Date.now();
  return body;
}

const seconds = (point) => Date.parse(point.period_ending) / 1000;

// The points of a span: { from, to, step, stepSeconds, live }. A ticker that nobody has mentioned has none.
export async function history(path, { from, to, step, stepSeconds, live }) {
  const before = known.get(path);
  const goesOn = before && live && before.step === step && before.live && before.reach === Math.round((to - from) / 1000) && before.times < WHOLE_AGAIN_AFTER;
  const last = goesOn && before.points.length ? seconds(before.points.at(-1)) : null;
  const start = last ? new Date((last - Math.max(OVERLAP_SECONDS, 2 * stepSeconds)) * 1000) : from;
  const query = new URLSearchParams({ from: (start < from ? from : start).toISOString(), to: to.toISOString(), step });
  const { points } = await ask(`${path}?${query}`);
  const first = points.length ? seconds(points[0]) : Infinity;
  const kept = last ? before.points.filter((point) => seconds(point) < first && seconds(point) * 1000 > from) : [];
  const merged = [...kept, ...points];
  known.set(path, { step, live, reach: Math.round((to - from) / 1000), points: merged, times: last ? before.times + 1 : 0 });
  return merged;
}

export async function tickerHistory(symbol, span) {
  try {
    return { symbol, points: await history(`/api/v1/index/${encodeURIComponent(symbol)}`, span) };
  } catch (error) {
    if (error.status !== 404) throw error;
    return { symbol, points: [], unknown: true };
  }
}
