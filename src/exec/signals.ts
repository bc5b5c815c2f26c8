import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { constants } from "node:os"
import { platform } from "../platform.ts"
import { linuxTable } from "../process/linuxTable.ts"
import type { ProcessEntry } from "../process/processTable.ts"
import { psTable } from "../process/psTable.ts"
import { killTree } from "../process/windowsProcesses.ts"
import { execLimits } from "./limits.ts"

const names: ReadonlyArray<NodeJS.Signals> = platform === "windows"
  ? ["SIGINT", "SIGTERM", "SIGBREAK"]
  : ["SIGINT", "SIGTERM", "SIGHUP"]

/** The signals that ask us to stop, from now on; none of them ends us. */
export const stopSignals: Effect.Effect<Queue.Queue<NodeJS.Signals>> = Effect.tap(
  Queue.sliding<NodeJS.Signals>(execLimits.signals),
  (queue) => Effect.sync(() => names.forEach((name) => process.on(name, () => Queue.offerUnsafe(queue, name))))
)

/** What a program that a signal has ended exits with. */
export const exitCodeOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal]

const treeOf = (entries: ReadonlyArray<ProcessEntry>, pid: number): ReadonlyArray<number> => [
  pid,
  ...entries.filter(({ parent }) => parent === pid).flatMap((entry) => treeOf(entries, entry.pid))
]

const send = (pid: number, signal: NodeJS.Signals) => Effect.ignore(Effect.try(() => process.kill(pid, signal)))

const table = platform === "linux" ? linuxTable : psTable

/** Sends the signal to a process and all below it; on Windows, which has no signals, it ends them. */
export const passOn = (pid: number, signal: NodeJS.Signals): Effect.Effect<void> =>
  platform === "windows"
    ? killTree(pid)
    : table.all(Infinity).pipe(
      Effect.map((entries) => treeOf(entries, pid)),
      Effect.orElseSucceed(() => [pid]),
      Effect.flatMap(Effect.forEach((member) => send(member, signal), { discard: true }))
    )
