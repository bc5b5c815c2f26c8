import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { exitCodes } from "../exitCodes.ts"
import { limits } from "../limits.ts"
import { ask } from "../observe/control/ask.ts"
import { isHeld } from "../storage/isHeld.ts"
import { printable } from "../text/readable.ts"
import type { Options } from "./commands.ts"
import { folderOf } from "./folderOf.ts"
import { runMain } from "./runMain.ts"
import { codeOfStop } from "./stopRequest.ts"

const say = (line: string): void => void process.stdout.write(`${printable(line)}\n`)

export const main = ({ config }: Options): void =>
  runMain(
    Effect.fnUntraced(function*(stopRequested) {
      const folder = yield* folderOf(config)
      const drained = Effect.gen(function*() {
        const asked = yield* ask(folder, "drain")
        if (asked === null) return say(`No sidecar runs in ${folder.path}.`)
        const holds = asked.task === null ? "" : `; it finishes ${asked.task.task_id} first`
        say(`The sidecar with pid ${asked.pid} takes no more tasks${holds}.`)
        yield* Effect.repeat(isHeld(folder.path), {
          schedule: Schedule.spaced(limits.drain_look_ms),
          while: (held) => held
        })
        say("It has stopped.")
      })
      // Who stops this command does not know whether the sidecar has ended.
      return yield* Effect.raceFirst(Effect.as(drained, exitCodes.stopped), Effect.map(stopRequested, codeOfStop))
    }),
    codeOfStop
  )
