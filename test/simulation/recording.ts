import type * as Clock from "effect/Clock"
import type { Policy } from "../../src/domain/SidecarState.ts"
import { makeEntries } from "../../src/observe/record/record.ts"
import { type Entry, format_version, lineOf } from "../../src/replay/format.ts"
import type { ActorEvent } from "../../src/services/Observer.ts"
import { our_id } from "./hubModel.ts"
import { type Outcome, play } from "./run.ts"
import type { RunOptions } from "./world.ts"

const unchanged = (text: string): string => text

/** Writes down what the daemons of a run see, one life after the other, as `run --record` does. */
export class Recording {
  readonly #entries: Array<Entry> = []
  #entriesOf: (event: ActorEvent) => ReadonlyArray<Entry> = () => []

  /** A daemon starts, on a machine with that clock. */
  begins(clock: Clock.Clock, policy: Policy): void {
    this.#entriesOf = makeEntries(clock, unchanged)
    this.#entries.push({
      t: clock.currentTimeMillisUnsafe(),
      dir: "header",
      msg: {
        format: format_version,
        version: "simulated",
        agent_id: our_id,
        platform: "linux",
        continues: false,
        config: { ...policy, capabilities: [] }
      }
    })
  }

  saw(event: ActorEvent): void {
    for (const entry of this.#entriesOf(event)) this.#entries.push(entry)
  }

  get text(): string {
    return this.#entries.map(lineOf).join("")
  }
}

/** Plays a run and gives the recording of it beside what it came to. */
export const playRecorded = (options: RunOptions): { readonly outcome: Outcome; readonly text: string } => {
  const recording = new Recording()
  const outcome = play({ ...options, recording })
  return { outcome, text: recording.text }
}
