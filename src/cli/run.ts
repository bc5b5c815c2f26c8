import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import { exposedFolders, thisUser } from "../config/exposedFolders.ts"
import { exposedOf } from "../config/secretFiles.ts"
import { agentFolders, loadSettings, type Settings } from "../config/SidecarConfig.ts"
import { exitCodes, underSupervisor } from "../exitCodes.ts"
import { encrypt, unencrypted } from "../hub/address.ts"
import { limits } from "../limits.ts"
import { platform } from "../platform.ts"
import { Ending } from "../services/Ending.ts"
import { FolderLease, isLoss } from "../services/FolderLease.ts"
import { Logger } from "../services/Logger.ts"
import { sidecar } from "../Sidecar.ts"
import { release } from "../version.ts"
import { attended } from "./attended.ts"
import type { Options } from "./commands.ts"
import { endWithin } from "./endProcess.ts"
import { inOneLine } from "./inOneLine.ts"
import { runMain } from "./runMain.ts"
import { withoutQuery } from "./withoutQuery.ts"

/** The sidecar until it ends by itself or is asked to stop, with its first and its last line in the log. */
const supervised = Effect.fnUntraced(function*(
  settings: Settings,
  record: string | undefined,
  stopRequested: Effect.Effect<string>
) {
  const { log } = yield* Logger
  const logDeath = (cause: Cause.Cause<unknown>) =>
    Cause.hasInterruptsOnly(cause) || isLoss(cause)
      ? Effect.void
      : log({ event: "fiber_died", fiber: "sidecar", reason: Cause.pretty(cause) })
  yield* log({
    event: "startup",
    version: release,
    node: process.version,
    pid: process.pid,
    hub_url: withoutQuery(settings.hub_url)
  })
  const { notices } = yield* FolderLease
  yield* Effect.forEach(notices, log, { discard: true })
  const exposed = yield* exposedOf(settings.secret_files, platform === "windows")
  yield* Effect.forEach(exposed, (file) => log({ event: "secret_exposed", ...file }), { discard: true })
  yield* Effect.forEach(unencrypted(settings), (url) => log({ event: "hub_unencrypted", url, remedy: encrypt }), {
    discard: true
  })
  const user = thisUser()
  const folders = user === null ? [] : yield* exposedFolders(agentFolders(settings), user)
  yield* Effect.forEach(folders, (folder) => log({ event: "folder_exposed", ...folder }), { discard: true })
  const actor = yield* attended(settings, record)
  // Each is logged before the other is interrupted, since that may take longer than we have.
  const stopped = Effect.tap(stopRequested, (reason) => log({ event: "shutdown", reason }))
  return yield* Effect.raceFirst(
    Effect.tapCause(actor, logDeath),
    Effect.as(Effect.tapCause(stopped, logDeath), exitCodes.stopped)
  )
}, Effect.scoped)

/** An end that nobody asked for is not to hang either; one that was asked for does not by itself. */
const endsSoon = (exit: Exit.Exit<number, unknown>): Effect.Effect<void> =>
  Exit.hasInterrupts(exit) ? Effect.void : Effect.sync(() =>
    endWithin(
      limits.own_end_ms,
      Exit.isSuccess(exit)
        ? underSupervisor(exit.value, process.env)
        : Runtime.getErrorExitCode(Cause.squash(exit.cause))
    )
  )

/** An error without an exit code of its own is not ours, and its text may hold anything. */
const conceal = (cause: Cause.Cause<unknown>, secret: string): Effect.Effect<never, unknown> => {
  const error = Cause.squash(cause)
  return Runtime.getErrorExitCode(error) === exitCodes.unforeseen
    ? Effect.fail(inOneLine(error).replaceAll(secret, "<redacted>"))
    : Effect.fail(error)
}

export const main = (options: Options): void =>
  runMain((stopRequested) => {
    const { config = "./config.json", record } = options
    return Effect.flatMap(loadSettings(config, { flags: options, environment: process.env }), (settings) =>
      supervised(settings, record, stopRequested).pipe(
        Effect.provideService(Ending, endsSoon),
        Effect.provide(sidecar(settings)),
        Effect.map((code) =>
          underSupervisor(code, process.env)
        ),
        Effect.catchCause((cause) => conceal(cause, Redacted.value(settings.token)))
      ))
  })
