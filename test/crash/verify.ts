import * as Effect from "effect/Effect"
import { isAlive } from "../support/daemon.ts"
import { type Fault, fault, unless } from "./faults.ts"
import type { Given } from "./given.ts"
import type { Scene } from "./scene.ts"

/** What no kill may lead to: nothing fails here but the daemon. */
const trouble = [
  "delivery_postponed",
  "fiber_died",
  "file_trouble",
  "frame_refused",
  "message_refused",
  "message_rejected",
  "message_unsent",
  "messages_held_back",
  "messages_unrecorded",
  "replies_unclear",
  "report_refused",
  "state_set_aside"
]
/** Nor these, unless a launcher is caught before its record is made: that one is stopped, and its wake made again. */
const wakeTrouble = ["agent_stopping", "wake_failed"]

const logged = ({ folder }: Scene, events: ReadonlyArray<string>): ReadonlyArray<string> =>
  folder.read("sidecar.log").split("\n").filter((line) => events.some((event) => line.includes(`"event":"${event}"`)))

/** The outcome of a run whose daemon lives and is left alone, and of the next of the same kind, which it has to take too. */
export const verify = (scene: Scene, given: Given, launcherCaught = false): Effect.Effect<ReadonlyArray<Fault>> =>
  Effect.gen(function*() {
    const faults = yield* given.inTheEnd
    if (faults.some(({ kind }) => kind === "hang" || kind === "loss")) return faults
    const next = yield* given.next
    const faultsOfTheNext = yield* next.inTheEnd
    const life = scene.lives.at(-1)
    return [
      ...faults,
      ...faultsOfTheNext.map(({ kind, what }): Fault => ({ kind, what: `the next: ${what}` })),
      ...logged(scene, launcherCaught ? trouble : [...trouble, ...wakeTrouble]).flatMap((line) =>
        fault("other", `the log says ${line}`)
      ),
      ...unless(life !== undefined && isAlive(life.pid), "other", "the daemon has ended by itself")
    ]
  })
