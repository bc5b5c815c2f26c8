import { shape } from "./chart.js"
import { projection } from "./layout.js"
import { wholeOf } from "./scale.js"

const height = 44

/** The number of events in each of `columns` columns. */
const countsIn = (places, columns, whole) => {
  const counts = Array.from({ length: columns }, () => 0)
  const perUnit = columns / (whole.to - whole.from)
  for (const place of places) counts[Math.min(columns - 1, Math.floor((place - whole.from) * perUnit))]++
  return counts
}

const columnsOf = (counts, left) => {
  const most = Math.max(1, ...counts)
  return counts.map((count, i) => {
    const tall = count === 0 ? 0 : 3 + Math.sqrt(count / most) * (height - 18)
    return tall === 0 ? "" : `M${left + i * 3} ${height - 4}v${-tall.toFixed(1)}h2v${tall.toFixed(1)}z`
  }).join("")
}

const spansOf = (tasks, x) =>
  tasks.map(({ from, to }) => {
    const width = Math.max(1, x(to) - x(from)).toFixed(1)
    return `M${x(from).toFixed(1)} 4h${width}v3h-${width}z`
  }).join("")

const ticksOf = (events, y, isMarked, x) =>
  events.map((event, i) => isMarked(event) ? `M${(x(i) - 1).toFixed(1)} ${y}h2v6h-2z` : "").join("")

const path = (name, d) => shape("path", { class: name, d })

/** The whole session in a strip, with a frame around the part in view. Dragging in it moves the view. */
export const makeOverview = (svg, session, show) => {
  const back = shape("g", {})
  const frame = shape("rect", { class: "frame", y: 0.5, height: height - 1, rx: 3 })
  svg.append(back, frame)
  let project = { x: () => 0, place: () => 0 }

  const drag = (event) => {
    if (event.buttons !== 1) return
    svg.setPointerCapture(event.pointerId)
    show(project.place(event.clientX - svg.getBoundingClientRect().left))
  }
  svg.addEventListener("pointerdown", drag)
  svg.addEventListener("pointermove", drag)

  return {
    /** Redraws the strip after the scale or the width has changed. */
    draw: (scale, layout) => {
      const { left, right, width } = layout
      const { places } = scale
      const whole = wholeOf(scale)
      project = projection(whole, layout)
      const x = (i) => project.x(places[i])
      const counts = countsIn(places, Math.max(1, Math.floor((right - left) / 3)), whole)
      svg.setAttribute("viewBox", `0 0 ${width} ${height}`)
      back.replaceChildren(
        shape("rect", { class: "band", x: left, y: 0, width: right - left, height }),
        path("columns", columnsOf(counts, left)),
        path("span", spansOf(session.tasks.filter((_, i) => i % 2 === 0), x)),
        path("span odd", spansOf(session.tasks.filter((_, i) => i % 2 === 1), x)),
        path("fault", ticksOf(session.events, 9, ({ fault }) => fault !== null, x)),
        path("difference", ticksOf(session.events, 16, ({ differs }) => differs !== null, x))
      )
    },
    frame: ({ from, to }) => {
      frame.setAttribute("x", project.x(from))
      frame.setAttribute("width", Math.max(2, project.x(to) - project.x(from)))
    }
  }
}
