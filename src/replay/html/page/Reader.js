import { duration, wholeTime } from "./scale.js"

const directions = {
  in: "hub → sidecar",
  out: "sidecar → hub",
  to_agent: "sidecar → agent",
  from_agent: "agent → sidecar",
  sidecar: "within the sidecar"
}

const element = (name, className, text) => {
  const made = document.createElement(name)
  made.className = className
  made.textContent = text
  return made
}

const afterStart = (session, i) => `+${duration(session.events[i].t - session.events[0].t)}`

const eventParts = (session, i) => {
  const event = session.events[i]
  const facts = [directions[event.lane], wholeTime(event.t), afterStart(session, i), event.task].filter((fact) =>
    fact !== null
  )
  return [
    element("h3", `kind-${event.kind}`, event.label),
    element("p", "facts", facts.join("  ·  ")),
    ...(event.fault === null ? [] : [element("p", "fault", event.fault)]),
    ...(event.note === null ? [] : [element("p", event.differs === null ? "facts" : "difference", event.note)]),
    element(
      "pre",
      "",
      event.cut > 0 ? `${event.text}\n… ${event.cut.toLocaleString("en")} more characters` : event.text
    )
  ]
}

const barParts = (session, { from, labels, row, task, to }) => {
  const [begin, end] = [session.events[from].t, session.events[to].t]
  const facts = [`${wholeTime(begin)} – ${wholeTime(end)}`, duration(end - begin), task].filter((fact) => fact !== null)
  return [element("h3", "", `${row}: ${labels[0]}`), element("p", "facts", facts.join("  ·  "))]
}

/** Shows an event (`{ i }`) or a state (`{ bar }`) in a box. Texts are never parsed as HTML. */
const describe = (box, session, thing) =>
  box.replaceChildren(...("i" in thing ? eventParts(session, thing.i) : barParts(session, thing.bar)))

/** Places the card beside a point of its container, on the side with room. */
const placeCard = (card, x, y, container) => {
  const { height, width } = card.getBoundingClientRect()
  const isLeft = x + width + 24 > container.width
  card.style.left = `${Math.max(4, isLeft ? x - width - 14 : x + 14)}px`
  card.style.top = `${Math.max(4, Math.min(y - 20, container.height - height - 4))}px`
}

/** The card beside the pointer, and the details of the chosen event. */
export class Reader {
  constructor(viewer, elements) {
    this.viewer = viewer
    this.elements = elements
    this.chosen = null
  }

  /** Shows an event or a state in the card at a point of the chart. */
  hover(thing, x, y) {
    const { card, chart } = this.elements
    if (thing === null) return this.leave()
    describe(card, this.viewer.session, thing)
    card.hidden = false
    placeCard(card, x, y, { width: chart.clientWidth, height: chart.clientHeight })
    this.viewer.point("i" in thing ? thing.i : this.chosen, "i" in thing ? "hovered" : "chosen")
  }

  leave() {
    this.elements.card.hidden = true
    this.mark()
  }

  mark() {
    this.viewer.point(this.chosen, "chosen")
  }

  choose(i) {
    this.chosen = i
    describe(this.elements.details, this.viewer.session, { i })
    if (this.viewer.isInView(i)) this.mark()
    else this.viewer.show(i, i)
  }

  /** Chooses the next or previous event, and shows its card. */
  step(by) {
    const { events } = this.viewer.session
    this.to(
      this.chosen === null ? this.viewer.firstInView() : Math.min(Math.max(this.chosen + by, 0), events.length - 1)
    )
  }

  to(i) {
    if (this.viewer.session.events[i] === undefined) return
    this.choose(i)
    this.hover({ i }, this.viewer.xOf(i), this.viewer.layout.frames.y + 24)
  }
}
