import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { loadSettings } from "../config/SidecarConfig.ts"
import { exitCodes } from "../exitCodes.ts"
import { ask, type Folder, storedIn } from "../observe/control/client.ts"
import { thisPlace } from "../observe/control/ControlFile.ts"
import { statusText, storedText } from "../observe/control/statusText.ts"
import { isHeld } from "../storage/folderLock.ts"
import { printable, quote } from "../text/terminal.ts"
import type { Options } from "./commands.ts"
import { byDefault, folderOf } from "./place.ts"
import { codeOfStop, runUntilStopped } from "./runMain.ts"

const status_interval_ms = 1_000
const drain_look_ms = 100 // between two checks whether the sidecar has ended

const clearScreen = "\u001b[H\u001b[2J"

/** The status as text: from the sidecar, or from the state file if no sidecar runs. */
const read = Effect.fnUntraced(function*(folder: Folder, json: boolean) {
  const running = yield* ask(folder, "status")
  if (running !== null) {
    return json ? `${quote({ running: true, ...running })}\n` : statusText(running, yield* thisPlace)
  }
  const stored = yield* storedIn(folder)
  return json ? `${quote({ running: false, stored })}\n` : storedText(folder.path, stored)
})

/** `agentcom-sidecar status` */
export const status = ({ config, json, watch }: Options): void =>
  runUntilStopped(Effect.gen(function*() {
    const folder = folderOf(yield* loadSettings(config ?? byDefault))
    const before = watch !== undefined && json === undefined && process.stdout.isTTY ? clearScreen : ""
    const show = Effect.map(read(folder, json !== undefined), (text) => void process.stdout.write(`${before}${text}`))
    yield* watch === undefined ? show : Effect.repeat(show, Schedule.spaced(status_interval_ms))
    return exitCodes.stopped
  }))

const say = (line: string): void => void process.stdout.write(`${printable(line)}\n`)

/** `agentcom-sidecar drain`. If it is stopped itself, it does not know whether the sidecar has ended. */
export const drain = ({ config }: Options): void =>
  runUntilStopped(
    Effect.gen(function*() {
      const folder = folderOf(yield* loadSettings(config ?? byDefault))
      const asked = yield* ask(folder, "drain")
      if (asked === null) {
        say(`No sidecar runs in ${folder.path}.`)
        return exitCodes.stopped
      }
      const ending = asked.task === null ? "" : `; it finishes ${asked.task.task_id} first`
      say(`The sidecar with pid ${asked.pid} takes no more tasks${ending}.`)
      yield* Effect.repeat(isHeld(folder.path), {
        schedule: Schedule.spaced(drain_look_ms),
        while: (held) => held
      })
      say("It has stopped.")
      return exitCodes.stopped
    }),
    codeOfStop
  )
