import { describe, placeCard } from "./details.js"

/** Which event is being read: the card beside the pointer, and the details of the one that was chosen. */
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

  /** Goes on from the chosen event, with its text beside it. */
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
