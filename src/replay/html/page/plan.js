import { projection, zoneOf } from "./layout.js"
import { clockFor, duration, indexAt } from "./scale.js"

const headsFrom = 5 // px between two events
const arrowsFrom = 2.5 // px between two events; closer ones are drawn as columns

const n = (value) => value.toFixed(1)

/** Joins the shapes of a class to one path, and leaves out those on the same pixel. */
const collector = () => {
  const paths = new Map()
  const lasts = new Map()
  const add = (name, shape) => paths.set(name, (paths.get(name) ?? "") + shape)
  const addAt = (name, x, shape, apart = 0.7) => {
    if (x - (lasts.get(name) ?? -Infinity) < apart) return
    lasts.set(name, x)
    add(name, shape)
  }
  return { add, addAt, paths }
}

const arrow = (x, from, to, hasHead) => {
  const back = to > from ? -6 : 6
  const head = hasHead ? `M${n(x - 3.5)} ${n(to + back)}L${n(x)} ${n(to)}L${n(x + 3.5)} ${n(to + back)}` : ""
  return `M${n(x)} ${n(from)}V${n(to)}${head}`
}

const dot = (x, y) => `M${n(x - 2.5)} ${n(y)}a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0`
const triangle = (x, y) => `M${n(x)} ${n(y - 6)}l5.5 10h-11z`
const diamond = (x, y) => `M${n(x)} ${n(y - 6)}l6 6l-6 6l-6-6z`

const shapeOf = ({ lane }, x, layout, hasHead) => {
  const { height, y } = layout[zoneOf[lane]]
  if (lane === "sidecar") return dot(x, y + 8)
  return lane === "in" || lane === "to_agent"
    ? arrow(x, y, y + height, hasHead)
    : arrow(x, y + height, y, hasHead)
}

const classOf = ({ differs, kind, lane }, isPale) =>
  `kind-${kind}${differs === null ? "" : ` differs-${differs}`} ${zoneOf[lane]}${isPale ? " dim" : ""}`

const addMarks = (shapes, { differs, fault }, x, { agent, hub, marks }, hasLines) => {
  if (fault !== null) {
    if (hasLines) shapes.add("fault-line", `M${n(x)} ${marks}V${agent.y + agent.height}`)
    shapes.addAt("fault", x, triangle(x, marks), 3)
  }
  if (differs !== null) {
    if (hasLines) shapes.add("difference-line", `M${n(x)} ${marks}V${hub.y}`)
    shapes.addAt("difference", x, diamond(x, marks + (fault === null ? 0 : 9)), 3)
  }
}

const addArrows = (shapes, inView, layout, isDim) => {
  const hasHeads = (layout.right - layout.left) / Math.max(1, inView.length) >= headsFrom
  for (const { event, x } of inView) {
    shapes.addAt(`event ${classOf(event, isDim(event.task))}`, x, shapeOf(event, x, layout, hasHeads))
    addMarks(shapes, event, x, layout, true)
  }
}

const order = ["progress", "link", "task", "talk", "agent", "report", "recovery", "other", "refusal"]
const rankOf = ({ differs, kind }) => differs === null ? order.indexOf(kind) : order.length

const columnWidth = 3 // px

/** The columns of a zone, with the number of events of each class. */
const countColumns = (inView, zone, layout, isDim) => {
  const columns = new Map()
  for (const { event, x } of inView) {
    if (zoneOf[event.lane] !== zone) continue
    const at = Math.floor((x - layout.left) / columnWidth)
    const classes = columns.get(at) ?? new Map()
    const name = classOf(event, isDim(event.task))
    const group = classes.get(name) ?? { name, rank: rankOf(event), count: 0 }
    group.count++
    columns.set(at, classes.set(name, group))
  }
  return Array.from(columns, ([at, classes]) => {
    const groups = [...classes.values()].toSorted((a, b) => a.rank - b.rank)
    return { at, groups, total: groups.reduce((sum, { count }) => sum + count, 0) }
  })
}

/** Draws dense events as columns by class, from the sidecar outwards, because arrows would overlap. */
const addColumns = (shapes, inView, layout, isDim) => {
  for (const zone of ["frames", "wakes", "own"]) {
    const columns = countColumns(inView, zone, layout, isDim)
    const { height, y } = layout[zone]
    const each = (height - 6) / columns.reduce((most, { total }) => Math.max(most, total), 1)
    for (const { at, groups } of columns) {
      let below = 0
      for (const { count, name } of groups) {
        const tall = count * each
        const from = zone === "wakes" ? y + below : y + height - below - tall
        const x = layout.left + at * columnWidth
        shapes.add(`column ${name}`, `M${n(x)} ${n(from)}h${columnWidth - 0.5}v${n(tall)}h${0.5 - columnWidth}z`)
        below += tall
      }
    }
  }
  for (const { event, x } of inView) addMarks(shapes, event, x, layout, false)
}

const planTicks = (inView, layout, shapes) => {
  const ticks = []
  const spelled = clockFor(inView.length === 0 ? 0 : inView.at(-1).event.t - inView[0].event.t)
  for (const { event, x } of inView) {
    if (x - (ticks.at(-1)?.x ?? -Infinity) < 104 || x > layout.right - 70) continue
    ticks.push({ x, text: spelled(event.t) })
    shapes.add("tick", `M${n(x)} 18V${layout.agent.y + layout.agent.height}`)
  }
  return ticks
}

const planSilences = (session, scale, { first, last }, { x }, layout, shapes) => {
  const silences = []
  for (let i = Math.max(1, first); i <= Math.min(last, session.events.length - 1); i++) {
    const pause = session.pauses[i]
    if (pause < 1_000 && pause < scale.shortened) continue
    const from = Math.max(x(scale.places[i - 1]), layout.left)
    const to = Math.min(x(scale.places[i]), layout.right)
    if (to - from < 3) continue
    const isShortened = pause >= scale.shortened
    if (isShortened) shapes.add("silence", `M${n(from)} ${layout.hub.y}H${n(to)}V${layout.agent.y + 20}H${n(from)}Z`)
    const text = duration(pause)
    if (to - from > text.length * 6 + 4) silences.push({ x: (from + to) / 2, text, isShortened })
  }
  return silences
}

const planBars = (session, scale, { x }, layout, isDim, shapes, measure) => {
  const shown = []
  for (const bar of session.bars) {
    const from = Math.max(x(scale.places[bar.from]), layout.left)
    const to = Math.min(x(scale.places[bar.to]), layout.right)
    if (to <= layout.left || from >= layout.right || to < from) continue
    const { height, y } = layout.rows[bar.row]
    const width = Math.max(1, to - from - (to - from > 4 ? 1 : 0))
    const name = `bar look-${bar.look}${isDim(bar.task) ? " dim" : ""}`
    const shape = `M${n(from)} ${y}h${n(width)}v${height}h${n(-width)}z`
    if (width > 1) shapes.add(name, shape)
    else shapes.addAt(name, from, shape)
    const text = width > 24 ? bar.labels.find((label) => measure(label) + 10 < width) : undefined
    shown.push({ bar, from, to, y, height, label: text === undefined ? null : { x: from + 5, y: y + 14, text } })
  }
  return shown
}

const level = 16 // px between two rows of labels

const isMarked = ({ event }) => event.fault !== null || event.differs !== null

/** Places labels beside their events, level by level, where no other label is. */
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

/** The labels that fit, in the order of time. If a fault or a difference has no room, those are placed first. */
const labelsOf = (inView, layout, measure) => {
  const marked = inView.filter(isMarked)
  const labels = placed(inView, layout, measure)
  return labels.filter(isMarked).length === marked.length
    ? labels
    : placed([...marked, ...inView.filter((one) => !isMarked(one))], layout, measure)
}

/** What is drawn in a view, and where. It computes pixels and does not touch the page. */
export const planOf = (session, scale, view, layout, focus, measure) => {
  const project = projection(view, layout)
  const shapes = collector()
  const first = indexAt(scale.places, view.from)
  const last = indexAt(scale.places, view.to)
  const isDim = (task) => focus !== null && task !== null && task !== focus
  const inView = session.events.slice(first, last).map((event, k) => ({
    event,
    i: first + k,
    x: project.x(scale.places[first + k])
  }))
  const isDense = (layout.right - layout.left) / Math.max(1, inView.length) < arrowsFrom
  const silences = planSilences(session, scale, { first, last }, project, layout, shapes)
  const bars = planBars(session, scale, project, layout, isDim, shapes, measure)
  if (isDense) addColumns(shapes, inView, layout, isDim)
  else addArrows(shapes, inView, layout, isDim)
  const ticks = planTicks(inView, layout, shapes)
  const labels = isDense ? [] : labelsOf(inView, layout, measure)
  return { paths: shapes.paths, ticks, silences, bars, labels, inView }
}
