import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { demo as runDemo } from "../dev/demo/demo.ts"
import { type DevHub, type HubFrame, make, type PortError } from "../dev/DevHub.ts"
import { exitCodes } from "../exitCodes.ts"
import { printable, quote } from "../text/terminal.ts"
import { type CommandFailed, failed, misused } from "./CommandFailed.ts"
import type { Options } from "./commands.ts"
import { runMain, runUntilStopped } from "./runMain.ts"

const numberOf = (option: string, text: string, isValid: (value: number) => boolean, wanted: string) => {
  const value = text.trim() === "" ? Number.NaN : Number(text)
  return isValid(value) ? Effect.succeed(value) : Effect.fail(misused(`--${option} must be ${wanted}`))
}

const isPort = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= 65_535
const isScale = (value: number): boolean => Number.isFinite(value) && value > 0
const isCost = (value: number): boolean => Number.isFinite(value) && value >= 0

const cannotListen = ({ cause, message, port }: PortError): CommandFailed => {
  const isInUse = Predicate.hasProperty(cause, "code") && cause.code === "EADDRINUSE"
  const problem = isInUse ? `port ${port} is in use; choose another with --port` : `${message}: ${String(cause)}`
  return failed(problem, exitCodes.hubUnusable)
}

const greeting = ({ httpUrl, url }: DevHub): string =>
  `The development hub listens on ${url} and ${httpUrl}
It forgets everything when it ends. Then agents have to be registered again.
Register an agent:  agentcom-sidecar init --hub-url ${url}
Submit a task:      curl -d '{"description":"say hello"}' -H "Authorization: Bearer TOKEN" ${httpUrl}/api/tasks
Talk to an agent:   curl -d '{"to":"NAME","payload":{"text":"hello"}}' -H "Authorization: Bearer TOKEN" ${httpUrl}/api/message
Talk to all:        curl -d '{"text":"hello"}' -H "Authorization: Bearer TOKEN" ${httpUrl}/api/room/message
`

const lineOf = ({ agent, dir, msg, t }: HubFrame): string =>
  `${new Date(t).toISOString()} ${printable(agent ?? "nobody yet")} ${dir === "in" ? "<-" : "->"} ${quote(msg)}\n`

/** Passes each frame to `show` once and in order. It never ends. */
const showFrames = Effect.fnUntraced(function*(hub: DevHub, show: (frame: HubFrame) => void) {
  let last: HubFrame | undefined
  for (;;) {
    yield* hub.waitFor(() => hub.frames().at(-1) !== last).pipe(Effect.catchTag("HubWaitTimeout", () => Effect.void))
    const frames = hub.frames()
    const fresh = last === undefined ? frames : frames.slice(frames.lastIndexOf(last) + 1)
    fresh.forEach(show)
    last = frames.at(-1)
  }
})

/** `agentcom-sidecar dev-hub`: people get text, programs get JSON lines. */
export const devHub = (options: Options): void => {
  const { "message-cost": messageCost = "0", port = "4000", "time-scale": timeScale = "1" } = options
  runUntilStopped(
    Effect.gen(function*() {
      const hub = yield* make({
        port: yield* numberOf("port", port, isPort, "0 to 65535"),
        timeScale: yield* numberOf("time-scale", timeScale, isScale, "a number above 0"),
        messageCostMs: yield* numberOf("message-cost", messageCost, isCost, "a number of ms, 0 or above")
      }).pipe(Effect.mapError(cannotListen))
      const { isTTY } = process.stdout
      process.stdout.on("error", () => {}) // the hub continues if nobody reads its output
      process.stdout.write(isTTY ? greeting(hub) : `${JSON.stringify({ listening: hub.url, http: hub.httpUrl })}\n`)
      return yield* showFrames(hub, (frame) => process.stdout.write(isTTY ? lineOf(frame) : `${quote(frame)}\n`))
    }).pipe(Effect.scoped)
  )
}

/** `agentcom-sidecar demo` */
export const demo = (): void =>
  runMain((stopRequested) =>
    Effect.raceFirst(
      Effect.map(runDemo, (asExpected) => asExpected ? exitCodes.stopped : exitCodes.unforeseen),
      Effect.as(stopRequested, exitCodes.unforeseen)
    )
  )
