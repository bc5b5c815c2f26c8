import type * as Clock from "effect/Clock"
import type { Policy } from "../../src/domain/SidecarState.ts"
import { type Entry, format_version, lineOf } from "../../src/replay/format.ts"
import { makeEntries } from "../../src/replay/record/entries.ts"
import type { Sight } from "../../src/services/Witness.ts"
import { our_id } from "./hubModel.ts"
import { type Outcome, play } from "./run.ts"
import type { RunOptions } from "./world.ts"

const unchanged = (text: string): string => text

/** Writes down what the daemons of a run see, one life after the other, as `run --record` does. */
export class Recording {
  readonly #entries: Array<Entry> = []
  readonly #lacksState: () => boolean
  #entriesOf: (sight: Sight) => ReadonlyArray<Entry> = () => []

  constructor(lacksState = () => false) {
    this.#lacksState = lacksState
  }

  /** A daemon starts, on a machine with that clock. */
  begins(clock: Clock.Clock, policy: Policy): void {
    this.#entriesOf = makeEntries(clock, unchanged, this.#lacksState)
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

  saw(sight: Sight): void {
    for (const entry of this.#entriesOf(sight)) this.#entries.push(entry)
  }

  get text(): string {
    return this.#entries.map(lineOf).join("")
  }
}

/** Plays a run and gives the recording of it beside what it came to; `tellsStates` wherever a file might go on there. */
export const playRecorded = (
  options: RunOptions,
  tellsStates = false
): { readonly outcome: Outcome; readonly text: string } => {
  const recording = new Recording(() => tellsStates)
  const outcome = play({ ...options, recording })
  return { outcome, text: recording.text }
}
