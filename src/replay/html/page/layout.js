const barHeight = 20 // px
const gap = 4
const top = 62
const rowCount = 4

/** Where everything is in a chart of that size in pixels. `left` is the width of the names of the lanes. */
export const layoutOf = (width, height) => {
  const left = Math.min(104, width / 5)
  const fixed = top + barHeight + 16 + rowCount * (barHeight + gap) + barHeight + 14
  const free = Math.max(120, height - fixed)
  const hub = { y: top, height: barHeight }
  const frames = { y: top + barHeight, height: Math.round(free * 0.62) }
  const sidecar = { y: frames.y + frames.height, height: 16 + rowCount * (barHeight + gap) }
  const own = { y: sidecar.y, height: 16 }
  const row = (n) => ({ y: own.y + own.height + n * (barHeight + gap), height: barHeight })
  const wakes = { y: sidecar.y + sidecar.height, height: free - frames.height }
  const agent = { y: wakes.y + wakes.height, height: barHeight }
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
    rows: { connection: row(0), task: row(1), activity: row(2), messages: row(3), agent }
  }
}

/** The zone in which the events of a lane are drawn. */
export const zoneOf = { in: "frames", out: "frames", to_agent: "wakes", from_agent: "wakes", sidecar: "own" }

/** Converts places on the scale to pixels and back. */
export const projection = (view, { left, right }) => {
  const perUnit = (right - left) / (view.to - view.from)
  return { x: (place) => left + (place - view.from) * perUnit, place: (x) => view.from + (x - left) / perUnit }
}

const reach = 10 // px

const isWithin = ({ height, y }, at) => at >= y && at < y + height

/** What is at a point of a painted plan: an event (its label first, then its arrow), otherwise a state, otherwise null. */
export const found = (plan, layout, x, y) => {
  const label = plan.labels.find((one) => x >= one.x - 3 && x < one.x + one.width && y <= one.y + 4 && y > one.y - 12)
  if (label !== undefined) return { i: label.i }
  const isNear = ({ event }) =>
    y < layout.hub.y
      ? event.fault !== null || event.differs !== null
      : isWithin(layout[zoneOf[event.lane]], y) || (zoneOf[event.lane] === "frames" && isWithin(layout.hub, y))
  let nearest = null
  for (const one of plan.inView) {
    const distance = Math.abs(one.x - x)
    if (distance <= (nearest?.distance ?? reach) && isNear(one)) nearest = { i: one.i, distance }
  }
  if (nearest !== null) return { i: nearest.i }
  const bar = plan.bars.findLast((one) => isWithin(one, y) && x >= one.from - 2 && x <= one.to + 2)
  return bar === undefined ? null : { bar: bar.bar }
}
