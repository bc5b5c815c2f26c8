import { planOf } from "./plan.js"

const namespace = "http://www.w3.org/2000/svg"

export const shape = (name, attributes, text) => {
  const element = document.createElementNS(namespace, name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  if (text !== undefined) element.textContent = text
  return element
}

/** Measures the width of texts in pixels. It remembers them, because they are asked for often. */
const ruler = (font) => {
  const context = document.createElement("canvas").getContext("2d")
  const widths = new Map()
  context.font = font
  return (text) => {
    const known = widths.get(text)
    if (known !== undefined) return known
    const { width } = context.measureText(text)
    if (widths.size < 10_000) widths.set(text, width)
    return width
  }
}

const laneNames = ({ agent, hub, own, rows }) => [
  { y: hub.y + 14, name: "lane", text: "hub" },
  { y: own.y + 12, name: "lane", text: "sidecar" },
  { y: rows.connection.y + 14, name: "row", text: "connection" },
  { y: rows.task.y + 14, name: "row", text: "task" },
  { y: rows.activity.y + 14, name: "row", text: "activity" },
  { y: rows.messages.y + 14, name: "row", text: "messages" },
  { y: agent.y + 14, name: "lane", text: "agent" }
]

const backdrop = (layout) => {
  const { agent, hub, left, right, sidecar } = layout
  const band = (name, { height, y }) =>
    shape("rect", { class: `band ${name}`, x: left, y, width: right - left, height, rx: 3 })
  return [
    band("hub", hub),
    band("sidecar", sidecar),
    band("agent", agent),
    ...laneNames(layout).map(({ name, text, y }) =>
      shape("text", { class: name, x: left - 10, y, "text-anchor": "end" }, text)
    )
  ]
}

/** Classes from the lowest to the topmost. */
const depth = ["silence", "tick", "difference-line", "fault-line", "bar", "column", "event", "fault", "difference"]
const depthOf = (name) => depth.indexOf(name.split(" ")[0])

const texts = ({ bars, labels, silences, ticks }, focus) => [
  ...ticks.map(({ text, x }) => shape("text", { class: "time", x: x + 3, y: 14 }, text)),
  ...silences.map(({ isShortened, text, x }) =>
    shape("text", { class: isShortened ? "pause cut" : "pause", x, y: 32, "text-anchor": "middle" }, text)
  ),
  ...bars.filter(({ label }) => label !== null).map(({ bar, label }) =>
    shape("text", { class: `state on-${bar.look}`, x: label.x, y: label.y }, label.text)
  ),
  ...labels.map(({ event, text, x, y }) => {
    const dim = focus !== null && event.task !== null && event.task !== focus ? " dim" : ""
    const differs = event.differs === null ? "" : ` differs-${event.differs}`
    return shape("text", { class: `label kind-${event.kind}${differs}${dim}`, x, y }, text)
  })
]

/** Paints the lanes. `paint` returns the plan of what is in view. */
export const makeChart = (svg, session) => {
  const measure = ruler("11px ui-sans-serif, system-ui, sans-serif")
  const parts = { back: shape("g", {}), shapes: shape("g", {}), texts: shape("g", {}), pointed: shape("path", {}) }
  svg.append(...Object.values(parts))
  const paths = new Map()
  let painted = null
  const pathOf = (name) => {
    const known = paths.get(name)
    if (known !== undefined) return known
    const path = shape("path", { class: name, "data-depth": depthOf(name) })
    const above = [...parts.shapes.children].find((other) => Number(other.dataset.depth) > depthOf(name))
    parts.shapes.insertBefore(path, above ?? null)
    paths.set(name, path)
    return path
  }
  return {
    paint: (scale, view, layout, focus) => {
      const plan = planOf(session, scale, view, layout, focus, measure)
      if (painted !== layout) {
        svg.setAttribute("viewBox", `0 0 ${layout.width} ${layout.height}`)
        svg.setAttribute("height", layout.height)
        parts.back.replaceChildren(...backdrop(layout))
        painted = layout
      }
      for (const [name, path] of paths) if (!plan.paths.has(name)) path.removeAttribute("d")
      for (const [name, d] of plan.paths) pathOf(name).setAttribute("d", d)
      parts.texts.replaceChildren(...texts(plan, focus))
      return plan
    },
    /** Draws a line through all lanes at `x`; `null` removes it. */
    point: (x, name) => {
      parts.pointed.setAttribute("class", `pointed ${name}`)
      if (x === null) parts.pointed.removeAttribute("d")
      else parts.pointed.setAttribute("d", `M${x} 18V${painted.agent.y + painted.agent.height}`)
    }
  }
}
