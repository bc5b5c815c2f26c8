import { makeChart } from "./chart.js"
import { found, layoutOf, projection } from "./layout.js"
import { makeOverview } from "./overview.js"
import { fitted, indexAt, makeScales, moved, wholeOf, zoomed } from "./scale.js"

/** The part of the session in view, its scale, and its painting. */
export class Viewer {
  /** Calls `painted` with the plan after each painting. */
  constructor(drawing, elements, painted) {
    const { clock, pauses, story } = makeScales(drawing.events.map(({ t }) => t))
    this.session = { ...drawing, pauses }
    this.scales = { clock, story }
    this.elements = elements
    this.painted = painted
    this.scale = story
    this.view = wholeOf(story)
    this.focus = null
    this.isAsked = false
    this.chart = makeChart(elements.chart, this.session)
    this.overview = makeOverview(elements.overview, this.session, (place) => this.centre(place))
    this.resize()
  }

  paint() {
    this.isAsked = false
    this.plan = this.chart.paint(this.scale, this.view, this.layout, this.focus)
    this.overview.frame(this.view)
    this.painted(this.plan)
  }

  look(view) {
    this.view = view
    // The view may change several times per frame. It is painted once.
    if (!this.isAsked) requestAnimationFrame(() => this.paint())
    this.isAsked = true
  }

  resize() {
    const width = Math.max(640, this.elements.stage.clientWidth)
    this.layout = layoutOf(width, Math.max(400, Math.min(640, innerHeight * 0.58)))
    this.overview.draw(this.scale, this.layout)
    this.look(this.view)
  }

  centre(place) {
    const half = (this.view.to - this.view.from) / 2
    this.look(fitted(this.scale, place - half, place + half))
  }

  /** Zooms about a point of the chart, or its middle. */
  zoom(factor, x = (this.layout.left + this.layout.right) / 2) {
    this.look(zoomed(this.scale, this.view, factor, projection(this.view, this.layout).place(x)))
  }

  /** Moves by a share of the view. */
  move(share) {
    this.look(moved(this.scale, this.view, share))
  }

  movePixels(pixels) {
    this.move(pixels / (this.layout.right - this.layout.left))
  }

  /** Shows the events from one index to another, with a margin. */
  show(from, to) {
    const { narrowest, places } = this.scale
    const margin = Math.max((places[to] - places[from]) * 0.05, narrowest)
    this.look(fitted(this.scale, places[from] - margin, places[to] + margin))
  }

  /** Zooms to a task and dims all others. `null` shows everything again. */
  focusOn(id) {
    this.focus = id
    const task = this.session.tasks.find((one) => one.id === id)
    if (task === undefined) this.look(wholeOf(this.scale))
    else this.show(task.from, task.to)
  }

  /** Changes the scale and keeps the same events in view. */
  rescale(name) {
    const first = indexAt(this.scale.places, this.view.from)
    const last = indexAt(this.scale.places, this.view.to) - 1
    const isAll = last - first + 1 >= this.session.events.length || last < first
    this.scale = this.scales[name]
    this.overview.draw(this.scale, this.layout)
    if (isAll) this.look(wholeOf(this.scale))
    else this.show(first, last)
  }

  xOf(i) {
    return projection(this.view, this.layout).x(this.scale.places[i])
  }

  isInView(i) {
    const x = this.xOf(i)
    return x >= this.layout.left && x <= this.layout.right
  }

  firstInView() {
    return Math.min(indexAt(this.scale.places, this.view.from), this.session.events.length - 1)
  }

  thingAt(x, y) {
    return found(this.plan, this.layout, x, y)
  }

  point(i, name) {
    this.chart.point(i !== null && this.isInView(i) ? this.xOf(i) : null, name)
  }
}
