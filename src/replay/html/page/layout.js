const bar = 20 // px, the height of a state's bar
const gap = 4
const top = 62

/** Where everything stands in a chart of so many pixels; `left` is the width of the lanes' names. */
export const layoutOf = (width, height) => {
  const left = Math.min(104, width / 5)
  const fixed = top + bar + 16 + 3 * (bar + gap) + bar + 14
  const free = Math.max(120, height - fixed)
  const hub = { y: top, height: bar }
  const frames = { y: top + bar, height: Math.round(free * 0.62) }
  const sidecar = { y: frames.y + frames.height, height: 16 + 3 * (bar + gap) }
  const own = { y: sidecar.y, height: 16 }
  const row = (n) => ({ y: own.y + own.height + n * (bar + gap), height: bar })
  const wakes = { y: sidecar.y + sidecar.height, height: free - frames.height }
  const agent = { y: wakes.y + wakes.height, height: bar }
  return {
    width,
    height: agent.y + agent.height + 12,
    left,
    right: width - 12,
    marks: 47,
    hub,
    frames,
    sidecar,
    own,
    wakes,
    agent,
    rows: { connection: row(0), task: row(1), activity: row(2), agent }
  }
}

/** The zone in which the events of a lane are drawn. */
export const zoneOf = { in: "frames", out: "frames", to_agent: "wakes", from_agent: "wakes", sidecar: "own" }

/** From a place on the scale to pixels, and back. */
export const projection = (view, { left, right }) => {
  const perUnit = (right - left) / (view.to - view.from)
  return { x: (place) => left + (place - view.from) * perUnit, place: (x) => view.from + (x - left) / perUnit }
}
