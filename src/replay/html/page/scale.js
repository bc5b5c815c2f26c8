/** The longest silence that is drawn at its length, in ms: so that no silence takes more than about a 25th of the whole. */
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
 * Where each event stands, on two scales: `story` gives every event room and lets a pause grow with its logarithm,
 * `clock` is true to time but for long silences. `shortened` is the pause (ms) from which a silence is marked as cut.
 */
export const makeScales = (times) => {
  const pauses = times.map((t, i) => i === 0 ? 0 : Math.max(0, t - times[i - 1]))
  const longest = longestSilence(pauses)
  const story = accumulate(pauses.map((pause) => 1 + 1.5 * Math.log10(1 + pause / 20)))
  // Events of one instant stay apart by a hair, so that zooming in separates them.
  const clock = accumulate(pauses.map((pause) => 0.05 + Math.min(pause, longest)))
  return {
    pauses,
    story: { places: story, narrowest: 8, shortened: 10_000 },
    clock: { places: clock, narrowest: 2, shortened: longest }
  }
}

/** The first index whose place is not before `place`. */
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

/** A view of `width` around `middle`, kept inside the whole and no narrower than the scale allows. */
export const fitted = (scale, from, to) => {
  const whole = wholeOf(scale)
  const width = Math.min(Math.max(to - from, scale.narrowest), whole.to - whole.from)
  const start = Math.min(Math.max((from + to - width) / 2, whole.from), whole.to - width)
  return { from: start, to: start + width }
}

/** `factor` below 1 zooms in; the point `anchor` stays where it is. */
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
