/** The longest silence in ms that is drawn at full length, so that no silence takes more than about 1/25 of the whole. */
const longestSilence = (pauses) => {
  let longest = Infinity
  for (let round = 0; round < 3; round++) {
    const shown = pauses.reduce((sum, pause) => sum + Math.min(pause, longest), 0)
    longest = Math.max(500, shown / 25)
  }
  return longest
}

const accumulate = (steps) => {
  const places = new Float64Array(steps.length)
  let place = 0
  for (let i = 0; i < steps.length; i++) places[i] = place += steps[i]
  return places
}

/**
 * The places of the events on two scales. `story` gives every event room and draws a pause by its logarithm; `clock` is true
 * to time except for long silences. `shortened` is the pause in ms from which a silence is marked as cut.
 */
export const makeScales = (times) => {
  const pauses = times.map((t, i) => i === 0 ? 0 : Math.max(0, t - times[i - 1]))
  const longest = longestSilence(pauses)
  const story = accumulate(pauses.map((pause) => 1 + 1.5 * Math.log10(1 + pause / 20)))
  // Events of one instant keep a tiny distance, so that zooming in separates them.
  const clock = accumulate(pauses.map((pause) => 0.05 + Math.min(pause, longest)))
  return {
    pauses,
    story: { places: story, narrowest: 8, shortened: 10_000 },
    clock: { places: clock, narrowest: 2, shortened: longest }
  }
}

/** The index of the first event at `place` or after it. */
export const indexAt = (places, place) => {
  let low = 0
  let high = places.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (places[middle] < place) low = middle + 1
    else high = middle
  }
  return low
}

/** The whole of a scale with a margin on both sides. */
export const wholeOf = ({ narrowest, places }) => {
  const first = places[0] ?? 0
  const last = places.at(-1) ?? 0
  const margin = Math.max(narrowest / 2, (last - first) * 0.02)
  return { from: first - margin, to: last + margin }
}

/** The view from `from` to `to`, moved into the whole and not narrower than the scale allows. */
export const fitted = (scale, from, to) => {
  const whole = wholeOf(scale)
  const width = Math.min(Math.max(to - from, scale.narrowest), whole.to - whole.from)
  const start = Math.min(Math.max((from + to - width) / 2, whole.from), whole.to - width)
  return { from: start, to: start + width }
}

/** Zooms in with a `factor` below 1. The place `anchor` does not move. */
export const zoomed = (scale, view, factor, anchor) => {
  const whole = wholeOf(scale)
  const width = Math.min(Math.max((view.to - view.from) * factor, scale.narrowest), whole.to - whole.from)
  const share = (anchor - view.from) / (view.to - view.from)
  return fitted(scale, anchor - width * share, anchor + width * (1 - share))
}

/** Moves a view by a share of its own width. */
export const moved = (scale, view, share) => {
  const by = (view.to - view.from) * share
  return fitted(scale, view.from + by, view.to + by)
}

const isDate = (t) => Number.isFinite(t) && Math.abs(t) < 8.64e15

/** Formats times (epoch ms) with as much detail as a span of `span` ms needs. */
export const clockFor = (span) => {
  const [from, to] = span > 72_000_000 ? [5, 16] : [11, span > 600_000 ? 19 : 23]
  return (t) => isDate(t) ? new Date(t).toISOString().slice(from, to).replace("T", " ") : "?"
}

export const wholeTime = (t) => isDate(t) ? new Date(t).toISOString().replace("T", " ").replace("Z", " UTC") : "?"

/** A duration in ms as text, short enough for a label. */
export const duration = (ms) => {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  const seconds = Math.round(ms / 1_000)
  const minutes = Math.round(ms / 60_000)
  if (seconds < 60) return `${(ms / 1_000).toFixed(1).replace(".0", "")} s`
  if (seconds < 600) return `${Math.floor(seconds / 60)} min${seconds % 60 === 0 ? "" : ` ${seconds % 60} s`}`
  if (minutes < 60) return `${minutes} min`
  return minutes < 2_880 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${Math.round(minutes / 1_440)} days`
}
