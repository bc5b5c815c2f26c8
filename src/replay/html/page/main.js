import { Reader } from "./Reader.js"
import { duration } from "./scale.js"
import { Viewer } from "./Viewer.js"

const names = ["stage", "chart", "overview", "card", "details", "in-view"]
const elements = Object.fromEntries(names.map((name) => [name, document.getElementById(name)]))
const drawing = JSON.parse(document.getElementById("session").textContent)

const isFrame = ({ event: { lane } }) => lane === "in" || lane === "out"

const counted = (n, one) => `${n.toLocaleString("en")} ${one}${n === 1 ? "" : "s"}`

const viewer = new Viewer(drawing, elements, ({ inView }) => {
  const frames = inView.filter(isFrame).length
  const others = counted(inView.length - frames, "other event")
  const span = inView.length === 0 ? 0 : inView.at(-1).event.t - inView[0].event.t
  elements["in-view"].textContent = `${counted(frames, "frame")} and ${others} in ${duration(span)}`
  reader.mark()
})
const reader = new Reader(viewer, elements)

/** Shows which button of a group is pressed. */
const press = (attribute, value) => {
  for (const button of document.querySelectorAll(`[data-${attribute}]`)) {
    button.setAttribute("aria-pressed", String(button.dataset[attribute] === value))
  }
}

const focusOn = (task) => {
  press("task", task)
  viewer.focusOn(task)
  reader.leave()
}

const actions = {
  in: () => viewer.zoom(0.5),
  out: () => viewer.zoom(2),
  earlier: () => viewer.move(-0.4),
  later: () => viewer.move(0.4),
  whole: () => focusOn(null),
  next: () => reader.step(1),
  previous: () => reader.step(-1),
  first: () => reader.to(0),
  last: () => reader.to(drawing.events.length - 1),
  leave: () => reader.leave()
}

const keys = {
  "+": "in",
  "=": "in",
  "-": "out",
  "0": "whole",
  ArrowRight: "next",
  ArrowLeft: "previous",
  "shift+ArrowRight": "later",
  "shift+ArrowLeft": "earlier",
  Home: "first",
  End: "last",
  Escape: "leave"
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("button")
  if (button === null) return
  const { action, at, scale, task } = button.dataset
  if (action !== undefined) actions[action]()
  if (task !== undefined) focusOn(button.getAttribute("aria-pressed") === "true" ? null : task)
  if (at !== undefined) reader.choose(Number(at))
  if (scale !== undefined) {
    press("scale", scale)
    viewer.rescale(scale)
  }
})

elements.chart.addEventListener("keydown", (event) => {
  const { altKey, ctrlKey, key, metaKey, shiftKey } = event
  const action = keys[shiftKey && key.startsWith("Arrow") ? `shift+${key}` : key]
  if (action === undefined || ctrlKey || metaKey || altKey) return
  event.preventDefault()
  actions[action]()
})

const pointOf = ({ clientX, clientY }) => {
  const box = elements.chart.getBoundingClientRect()
  return { x: clientX - box.left, y: clientY - box.top }
}

elements.chart.addEventListener("wheel", (event) => {
  event.preventDefault()
  elements.card.hidden = true
  const unit = event.deltaMode === 0 ? 1 : 30 // px; Firefox counts in lines
  const isSideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)
  if (isSideways) viewer.movePixels((event.deltaX || event.deltaY) * unit)
  else viewer.zoom(1.002 ** (event.deltaY * unit), pointOf(event).x)
}, { passive: false })

let grip = null // where the pointer went down, while it is down

elements.chart.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return
  grip = { start: event.clientX, last: event.clientX, isDragging: false }
  elements.chart.setPointerCapture(event.pointerId)
})

elements.chart.addEventListener("pointermove", (event) => {
  const { x, y } = pointOf(event)
  if (grip === null) return reader.hover(viewer.thingAt(x, y), x, y)
  grip.isDragging ||= Math.abs(event.clientX - grip.start) > 4
  if (!grip.isDragging) return
  elements.card.hidden = true
  viewer.movePixels(grip.last - event.clientX)
  grip.last = event.clientX
})

elements.chart.addEventListener("pointerup", (event) => {
  const wasDrag = grip?.isDragging === true
  grip = null
  const { x, y } = pointOf(event)
  const thing = viewer.thingAt(x, y)
  if (!wasDrag && thing !== null && "i" in thing) reader.choose(thing.i)
})

elements.chart.addEventListener("pointerleave", () => reader.leave())
elements.chart.addEventListener("blur", () => reader.leave())
addEventListener("resize", () => viewer.resize())
