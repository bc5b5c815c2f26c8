import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import { exposedFolders, exposedOf, thisUser } from "../config/exposure.ts"
import { agentFolders, loadSettings, type Settings } from "../config/SidecarConfig.ts"
import type { LifecycleEvent } from "../domain/LifecycleEvent.ts"
import { codeUnderPm2, exitCodes } from "../exitCodes.ts"
import { encryptionRemedy, unencrypted } from "../hub/network.ts"
import { platform } from "../platform.ts"
import { Ending } from "../services/Ending.ts"
import { FolderLease, isLoss } from "../services/FolderLease.ts"
import { Logger } from "../services/Logger.ts"
import { sidecar } from "../Sidecar.ts"
import { release } from "../version.ts"
import type { Options } from "./commands.ts"
import { inOneLine, withoutQuery } from "./readable.ts"
import { endWithin, own_end_ms, runMain } from "./runMain.ts"
import { makeRuntime } from "./runtime.ts"

/** Logs the start, and everything about the folder and the hub that the user should fix. */
const logStart = Effect.fnUntraced(function*(settings: Settings) {
  const { log } = yield* Logger
  const logAll = (events: ReadonlyArray<LifecycleEvent>) => Effect.forEach(events, log, { discard: true })
  yield* log({
    event: "startup",
    version: release,
    node: process.version,
    pid: process.pid,
    hub_url: withoutQuery(settings.hub_url)
  })
  yield* logAll((yield* FolderLease).notices)
  const files = yield* exposedOf(settings.secret_files, platform === "windows")
  yield* logAll(files.map((file) => ({ event: "secret_exposed", ...file })))
  yield* logAll(unencrypted(settings).map((url) => ({ event: "hub_unencrypted", url, remedy: encryptionRemedy })))
  const user = thisUser()
  const folders = user === null ? [] : yield* exposedFolders(agentFolders(settings), user)
  yield* logAll(folders.map((folder) => ({ event: "folder_exposed", ...folder })))
})

/** Runs the sidecar until it ends by itself or is asked to stop. Logs its start and its end. */
const logged = Effect.fnUntraced(function*(
  settings: Settings,
  record: string | undefined,
  stopRequested: Effect.Effect<string>
) {
  const { log } = yield* Logger
  const logDeath = (cause: Cause.Cause<unknown>) =>
    Cause.hasInterruptsOnly(cause) || isLoss(cause)
      ? Effect.void
      : log({ event: "fiber_died", fiber: "sidecar", reason: Cause.pretty(cause) })
  yield* logStart(settings)
  const actor = yield* makeRuntime(settings, record)
  // Each logs its end before it interrupts the other, because the interruption may take longer than the process has left.
  const stopped = Effect.tap(stopRequested, (reason) => log({ event: "shutdown", reason }))
  return yield* Effect.raceFirst(
    Effect.tapCause(actor, logDeath),
    Effect.as(Effect.tapCause(stopped, logDeath), exitCodes.stopped)
  )
}, Effect.scoped)

/** Bounds the end of a sidecar that ends by itself. After a signal the end is bounded already. */
const boundEnd = (exit: Exit.Exit<number, unknown>): Effect.Effect<void> =>
  Exit.hasInterrupts(exit) ? Effect.void : Effect.sync(() =>
    endWithin(
      own_end_ms,
      Exit.isSuccess(exit)
        ? codeUnderPm2(exit.value, process.env)
        : Runtime.getErrorExitCode(Cause.squash(exit.cause))
    )
  )

/** Removes the token from an error that has no exit code of its own, because other code wrote its text. */
const conceal = (cause: Cause.Cause<unknown>, token: string): Effect.Effect<never, unknown> => {
  const error = Cause.squash(cause)
  return Runtime.getErrorExitCode(error) === exitCodes.unforeseen
    ? Effect.fail(inOneLine(error).replaceAll(token, "<redacted>"))
    : Effect.fail(error)
}

export const main = (options: Options): void =>
  runMain((stopRequested) => {
    const { config = "./config.json", record } = options
    return Effect.flatMap(loadSettings(config, { flags: options, environment: process.env }), (settings) =>
      logged(settings, record, stopRequested).pipe(
        Effect.provideService(Ending, boundEnd),
        Effect.provide(sidecar(settings)),
        Effect.map((code) =>
          codeUnderPm2(code, process.env)
        ),
        Effect.catchCause((cause) => conceal(cause, Redacted.value(settings.token)))
      ))
  })
