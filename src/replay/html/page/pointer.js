import { zoneOf } from "./layout.js"

const reach = 10 // px

const isWithin = ({ height, y }, at) => at >= y && at < y + height

/** What of a painted plan lies at a point: an event (by its label first, then by its arrow), else a state, else null. */
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
