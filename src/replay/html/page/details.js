import { duration, wayOf, wholeTime } from "./words.js"

const element = (name, className, text) => {
  const made = document.createElement(name)
  made.className = className
  made.textContent = text
  return made
}

const afterStart = (session, i) => `+${duration(session.events[i].t - session.events[0].t)}`

const eventParts = (session, i) => {
  const event = session.events[i]
  const facts = [wayOf(event), wholeTime(event.t), afterStart(session, i), event.task].filter((fact) => fact !== null)
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

/** Shows an event (`{ i }`) or a state (`{ bar }`) in a box. Its text is only ever text. */
export const describe = (box, session, thing) =>
  box.replaceChildren(...("i" in thing ? eventParts(session, thing.i) : barParts(session, thing.bar)))

/** Puts the floating card beside a point of its container, on the side where there is room. */
export const placeCard = (card, x, y, container) => {
  const { height, width } = card.getBoundingClientRect()
  const isLeft = x + width + 24 > container.width
  card.style.left = `${Math.max(4, isLeft ? x - width - 14 : x + 14)}px`
  card.style.top = `${Math.max(4, Math.min(y - 20, container.height - height - 4))}px`
}
