import { limits } from "./limits.ts"
import { isDifference, type ReplayEvent, type Summary, type Verdict } from "./ReplayEvent.ts"

/** Counts what a replay tells. */
export class Tally {
  readonly #frames: Record<Verdict, number> = { same: 0, changed: 0, recorded: 0, ours: 0, beyond: 0 }
  readonly #wakes = new Map<string, number>()
  readonly #isCompared: boolean
  #framesIn = 0
  #wakesLeftOut = 0
  #localDifferences = 0
  #lives = 0
  #notes = 0

  constructor(isCompared: boolean) {
    this.#isCompared = isCompared
  }

  readonly count = (event: ReplayEvent): void => {
    if (event.kind === "frame" && event.dir === "in") this.#framesIn += event.place === null ? 0 : 1
    else if (event.kind === "frame") this.#frames[event.verdict]++
    else if (isDifference(event)) this.#localDifferences++
    if (event.kind === "wake" && event.verdict !== "beyond") this.#countWake(event.task_id)
    if (event.kind === "life" && event.phase === "begins") this.#lives++
    if (event.kind === "note") this.#notes++
  }

  #countWake(task_id: string): void {
    const wakes = this.#wakes.get(task_id)
    if (wakes === undefined && this.#wakes.size >= limits.wakes_listed) this.#wakesLeftOut++
    else this.#wakes.set(task_id, (wakes ?? 0) + 1)
  }

  summary(first_t: number | null, last_t: number | null): Summary {
    const { changed, ours, recorded } = this.#frames
    return {
      frames_in: this.#framesIn,
      frames_out: { ...this.#frames },
      local_differences: this.#localDifferences,
      wakes: [...this.#wakes].map(([task_id, wakes]) => ({ task_id, wakes })),
      wakes_left_out: this.#wakesLeftOut,
      lives: this.#lives,
      notes: this.#notes,
      first_t,
      last_t,
      differs: this.#isCompared && changed + ours + recorded + this.#localDifferences > 0
    }
  }
}
