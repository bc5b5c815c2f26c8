import type { LimitName } from "../../../src/domain/messages/choose.ts"
import type { BatchMessageText } from "../../../src/storage/messages/operations.ts"
import type { World } from "../world.ts"

const hour_ms = 60 * 60_000

/** What is counted: a message that is delivered again counts once. */
interface Counted {
  readonly at: number
  readonly batch_id: string
  readonly id: string
}

/** Rule 23: what is delivered and answered in any hour. A clock that was set makes an hour something else. */
export class HourlyCounts {
  readonly #world: World
  readonly #counted = new Map<string, ReadonlyArray<Counted>>()

  constructor(world: World) {
    this.#world = world
  }

  /** A delivery begins. */
  delivers(batch_id: string, messages: ReadonlyArray<BatchMessageText>): void {
    this.#count("deliveries", "", { batch_id, id: batch_id })
    for (const { message: { channel, from, id, way }, thread } of messages) {
      const why = { batch_id, id }
      if (way === "room") {
        this.#count("room", "", why)
        continue
      }
      this.#count("sender", from, why)
      this.#count("thread", thread, why)
      if (channel !== null) this.#count("channel", channel, why)
    }
  }

  /** This machine could not wake the agent, so that nothing was delivered. */
  takesBack(batch_id: string): void {
    for (const [what, counted] of this.#counted) {
      this.#counted.set(
        what,
        counted.filter((one) => one.batch_id !== batch_id)
      )
    }
  }

  #count(limit: LimitName, name: string, why: Omit<Counted, "at">): void {
    const what = `${limit} ${name}`
    const most = this.#world.policy.messages.per_hour[limit]
    const { clock_was_set, now } = this.#world
    const before = (this.#counted.get(what) ?? []).filter(({ at, id }) => now - at < hour_ms && id !== why.id)
    this.#counted.set(what, [...before, { at: now, ...why }])
    if (before.length < most) return
    this.#world.reached("hourly limit reached")
    if (!clock_was_set) this.#world.violate(`${what}: ${before.length + 1} deliveries within an hour`)
  }
}
