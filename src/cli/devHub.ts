import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { type DevHub, type HubFrame, make, type PortError } from "../dev/DevHub.ts"
import { exitCodes } from "../exitCodes.ts"
import { printable, quote } from "../text/readable.ts"
import { CommandFailed } from "./CommandFailed.ts"
import type { Options } from "./commands.ts"
import { runMain } from "./runMain.ts"

const number = (option: string, text: string, isValid: (value: number) => boolean, wanted: string) => {
  const value = text.trim() === "" ? Number.NaN : Number(text)
  const message = `agentcom-sidecar: --${option} must be ${wanted} (see agentcom-sidecar --help)`
  return isValid(value) ? Effect.succeed(value) : Effect.fail(new CommandFailed({ message, exitCode: exitCodes.usage }))
}

const isPort = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= 65_535
const isScale = (value: number): boolean => Number.isFinite(value) && value > 0

const portInWords = ({ cause, message, port }: PortError): CommandFailed => {
  const inUse = Predicate.hasProperty(cause, "code") && cause.code === "EADDRINUSE"
  const why = inUse ? `port ${port} is in use; choose another with --port` : `${message}: ${String(cause)}`
  return new CommandFailed({ message: `agentcom-sidecar: ${why}`, exitCode: exitCodes.hubUnusable })
}

const greeting = ({ httpUrl, url }: DevHub): string =>
  `The development hub listens on ${url} and ${httpUrl}
It forgets everything when it ends: what was registered then has to be registered again.
An agent is registered by:  agentcom-sidecar init --hub-url ${url}
A task is given by:         curl -d '{"description":"say hello"}' -H "Authorization: Bearer TOKEN" ${httpUrl}/api/tasks
`

const readable = ({ agent, dir, msg, t }: HubFrame): string =>
  `${new Date(t).toISOString()} ${printable(agent ?? "nobody yet")} ${dir === "in" ? "<-" : "->"} ${quote(msg)}\n`

/** Hands each frame to `show`, once and in order, for ever. */
const showFrames = (hub: DevHub, show: (frame: HubFrame) => void) =>
  Effect.gen(function*() {
    let last: HubFrame | undefined
    for (;;) {
      yield* hub.waitFor(() => hub.frames().at(-1) !== last).pipe(Effect.catchTag("HubWaitTimeout", () => Effect.void))
      const frames = hub.frames()
      const fresh = last === undefined ? frames : frames.slice(frames.lastIndexOf(last) + 1)
      fresh.forEach(show)
      last = frames.at(-1)
    }
  })

export const main = ({ port = "4000", "time-scale": timeScale = "1" }: Options): void =>
  runMain(Effect.fnUntraced(function*(stopRequested) {
    const options = {
      port: yield* number("port", port, isPort, "0 to 65535"),
      timeScale: yield* number("time-scale", timeScale, isScale, "a number above 0")
    }
    const hub = yield* make(options).pipe(Effect.mapError(portInWords))
    const { isTTY } = process.stdout
    process.stdout.on("error", () => {}) // the hub goes on although nobody reads any more
    process.stdout.write(isTTY ? greeting(hub) : `${JSON.stringify({ listening: hub.url, http: hub.httpUrl })}\n`)
    const show = (frame: HubFrame) => process.stdout.write(isTTY ? readable(frame) : `${quote(frame)}\n`)
    return yield* Effect.raceFirst(showFrames(hub, show), Effect.as(stopRequested, exitCodes.stopped))
  }, Effect.scoped))
