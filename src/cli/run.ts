import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import { runSidecar } from "../actor/SidecarActor.ts"
import type { Policy } from "../domain/SidecarState.ts"
import { Logger } from "../services/Logger.ts"
import { sidecar } from "../Sidecar.ts"
import { loadSettings, type Settings } from "../SidecarConfig.ts"
import type { Options } from "./commands.ts"
import { exitCodes } from "./exitCodes.ts"
import { inOneLine } from "./inOneLine.ts"
import { runMain } from "./runMain.ts"
import { version } from "./version.ts"

const policyOf = (settings: Settings): Policy => ({
  confirmation_timeout_ms: settings.confirmation_timeout_ms,
  agent_silence_ms: settings.agent_silence_ms,
  task_timeout_ms: settings.task_timeout_ms,
  wake_command_blocks: settings.wake_command_blocks
})

/** The sidecar until it ends by itself or is asked to stop, with its first and its last line in the log. */
const supervised = Effect.fnUntraced(function*(settings: Settings, stopRequested: Effect.Effect<string>) {
  const { log } = yield* Logger
  const logDeath = (cause: Cause.Cause<unknown>) =>
    Cause.hasInterruptsOnly(cause)
      ? Effect.void
      : log({ event: "fiber_died", fiber: "sidecar", reason: Cause.pretty(cause) })
  yield* log({
    event: "startup",
    version,
    node: process.version,
    pid: process.pid,
    hub_url: settings.hub_url.replace(/\?.*/s, "")
  })
  // Each is logged before the other is interrupted, since that may take longer than we have.
  const stopped = Effect.tap(stopRequested, (reason) => log({ event: "shutdown", reason }))
  return yield* Effect.raceFirst(
    Effect.tapCause(runSidecar(policyOf(settings)), logDeath),
    Effect.as(Effect.tapCause(stopped, logDeath), exitCodes.stopped)
  )
})

/** An error without an exit code of its own is not ours, and its text may hold anything. */
const conceal = (cause: Cause.Cause<unknown>, secret: string): Effect.Effect<never, unknown> => {
  const error = Cause.squash(cause)
  return Runtime.getErrorExitCode(error) === exitCodes.unforeseen
    ? Effect.fail(inOneLine(error).replaceAll(secret, "<redacted>"))
    : Effect.fail(error)
}

export const main = ({ config = "./config.json" }: Options): void =>
  runMain((stopRequested) =>
    Effect.flatMap(loadSettings(config), (settings) =>
      supervised(settings, stopRequested).pipe(
        Effect.provide(sidecar(settings)),
        Effect.catchCause((cause) => conceal(cause, Redacted.value(settings.token)))
      ))
  )
