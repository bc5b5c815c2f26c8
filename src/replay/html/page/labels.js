import { zoneOf } from "./layout.js"

const level = 16 // px between two rows of labels

const isMarked = ({ event }) => event.fault !== null || event.differs !== null

/** Puts labels beside their events, level by level, each where no other label is. */
const placed = (candidates, layout, measure) => {
  const dots = candidates.filter(({ event }) => zoneOf[event.lane] === "own")
  const taken = new Map([["own0", dots.map(({ x }) => ({ from: x - 3, to: x + 3 }))]])
  const turn = { frames: 0, wakes: 0, own: 0 }
  return candidates.flatMap(({ event, i, x }) => {
    const zone = zoneOf[event.lane]
    const { height, y } = layout[zone]
    const levels = zone === "own" ? 1 : Math.max(1, Math.floor((height - 24) / level))
    const width = measure(event.label) + 8
    const left = x + width > layout.right ? x - width : x
    for (let tried = 0; tried < levels; tried++) {
      const at = (turn[zone] + tried) % levels
      const key = `${zone}${at}`
      const others = taken.get(key) ?? []
      if (others.some((other) => left + 4 < other.to && left + width - 4 > other.from)) continue
      taken.set(key, [...others, { from: left - 3, to: left + width }])
      turn[zone] = at + 1
      const baseline = zone === "own" ? y + 12 : y + 22 + at * level
      return [{ i, x: left + (left === x ? 5 : 2), y: baseline, width, text: event.label, event }]
    }
    return []
  })
}

/** The labels that find room, in the order of time; where a fault or a difference finds none so, those come first. */
export const labelsOf = (inView, layout, measure) => {
  const marked = inView.filter(isMarked)
  const labels = placed(inView, layout, measure)
  return labels.filter(isMarked).length === marked.length
    ? labels
    : placed([...marked, ...inView.filter((one) => !isMarked(one))], layout, measure)
}
