import type { ReplayEvent } from "../ReplayEvent.ts"
import { readAssets } from "./assets.ts"
import { Draughtsman } from "./Draughtsman.ts"
import { render } from "./page.ts"

export interface PageMaker {
  /** Takes in the next event of the session. */
  readonly take: (event: ReplayEvent) => void
  /** The page that shows what was taken in, as HTML. */
  readonly page: () => string
}

/** Draws a session of any length event by event, in bounded memory (`limits.drawn_events`). */
export const makePage = (): PageMaker => {
  const draughtsman = new Draughtsman()
  return {
    take: (event) => draughtsman.take(event),
    page: () => render(draughtsman.drawing, readAssets())
  }
}
