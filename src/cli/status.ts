import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { exitCodes } from "../exitCodes.ts"
import { limits } from "../limits.ts"
import { ask, type Folder, storedIn } from "../observe/control/ask.ts"
import { thisPlace } from "../observe/control/place.ts"
import { statusText, storedText } from "../observe/control/statusText.ts"
import { quote } from "../text/readable.ts"
import type { Options } from "./commands.ts"
import { folderOf } from "./folderOf.ts"
import { runMain } from "./runMain.ts"

const clearScreen = "\u001b[H\u001b[2J"

const look = Effect.fnUntraced(function*(folder: Folder, json: boolean) {
  const status = yield* ask(folder, "status")
  if (status !== null) {
    return json
      ? `${quote({ running: true, ...status })}\n`
      : statusText(status, yield* thisPlace)
  }
  const stored = yield* storedIn(folder)
  return json ? `${quote({ running: false, stored })}\n` : storedText(folder.path, stored)
})

export const main = ({ config, json, watch }: Options): void =>
  runMain(Effect.fnUntraced(function*(stopRequested) {
    const folder = yield* folderOf(config)
    const before = watch !== undefined && json === undefined && process.stdout.isTTY ? clearScreen : ""
    const show = Effect.map(look(folder, json !== undefined), (text) => void process.stdout.write(`${before}${text}`))
    const shown = watch === undefined ? show : Effect.repeat(show, Schedule.spaced(limits.status_interval_ms))
    return yield* Effect.raceFirst(Effect.as(shown, exitCodes.stopped), Effect.as(stopRequested, exitCodes.stopped))
  }))
