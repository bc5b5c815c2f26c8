import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import type { DevHub } from "../../src/dev/DevHub.ts"
import { type Folder, isAlive, startHub } from "../support/daemon.ts"
import { makeTalkFolder } from "../support/deliveries.ts"
import { tokensOf } from "../support/talk.ts"
import type { Hold } from "./strace.ts"

const lookEveryMs = 10

/** Whether `look` becomes true within the deadline. */
export const comesTrue = (look: () => boolean, deadline_ms: number): Effect.Effect<boolean> =>
  Effect.promise(async () => {
    for (const end = performance.now() + deadline_ms; performance.now() < end; await wait(lookEveryMs)) {
      if (look()) return true
    }
    return look()
  })

/** Time for what takes a second at most, so that a slow machine does not count as a fault. */
const patienceMs = 20_000

/** Waits for what has to come for the run to go on. */
export const expect = (what: string, look: () => boolean): Effect.Effect<void> =>
  Effect.flatMap(
    comesTrue(look, patienceMs),
    (came) => came ? Effect.void : Effect.die(new Error(`it did not come to pass: ${what}`))
  )

/** One run's stage: a hub and an agent's folder of its own. */
export interface Scene {
  readonly hub: DevHub
  readonly folder: Folder
  /** The text that the agent writes as its answer, byte for byte. */
  readonly answer: string
  /** Every process that runs in the folder or was started for it, but the daemons. */
  readonly others: () => ReadonlyArray<number>
  /** Makes the agent wait in the middle of its work, at a task or at messages. */
  readonly hold: () => void
  readonly isHeld: () => boolean
  readonly letGo: Effect.Effect<void>
  /** The daemon's lives so far, the last one last. */
  readonly lives: Array<Life>
}

/** One life of the daemon. */
export interface Life {
  readonly pid: number
  readonly isOver: () => boolean
  /** The events that this life has logged. */
  readonly logged: () => ReadonlyArray<string>
  /** Its exit code, or the signal that ended it. */
  readonly ended: Effect.Effect<number | string | null>
  readonly kill: Effect.Effect<void>
}

const longText = Array.from({ length: 300 }, (_, line) => `${line}: „žluťoučký kůň" \\ \t 👩‍🚀 </script>`).join("\n")

/** The agent confirms, a slow one late, tells of its progress, works a while, and answers by renaming a finished file. */
const agent = {
  before: "[ ! -e hold ] || sleep 0.5",
  work: `echo 50 > "$RESULTS_DIR/$TASK_ID.progress"
while [ -e hold ]; do sleep 0.03; done
sleep 0.03`,
  answer: `cp answer.json "$RESULTS_DIR/$TASK_ID.json.tmp"
mv "$RESULTS_DIR/$TASK_ID.json.tmp" "$RESULTS_DIR/$TASK_ID.json"`
}

const textOf = (read: () => string): string => {
  try {
    return read()
  } catch {
    return "" // it has ended meanwhile
  }
}

const belongsTo = (path: string, pid: string): boolean =>
  textOf(() => readlinkSync(`/proc/${pid}/cwd`)).startsWith(path) ||
  textOf(() => readFileSync(`/proc/${pid}/environ`, "utf8")).includes(path)

/** The agent that talks with ours. It is never connected, so its mailbox has all that it was sent. */
export const bob = "bob"

/** Messages are delivered at once. */
const soon = { batch_ms: 20, min_interval_ms: 20 }

/** `blocks` tells the daemon that its commands last as long as the agent, which here is true. */
export const makeScene = (name: string, blocks: boolean): Effect.Effect<Scene, never, Scope.Scope> =>
  Effect.gen(function*() {
    const hub = yield* Effect.orDie(startHub({ registerTokens: tokensOf(bob) }))
    const folder = yield* makeTalkFolder(
      hub,
      { ...soon, wake_command_blocks: blocks, message_command_blocks: blocks },
      agent
    )
    mkdirSync(folder.file("outbox"))
    const answer = JSON.stringify({ status: "success", output: name, text: longText, tokens: [1, 2.5, null] })
    writeFileSync(folder.file("answer.json"), answer)
    const lives: Array<Life> = []
    const others = () =>
      readdirSync("/proc")
        .filter((pid) => /^\d+$/.test(pid) && belongsTo(folder.path, pid))
        .map(Number)
        .filter((pid) => isAlive(pid) && !lives.some((life) => life.pid === pid))
    const held = folder.file("hold")
    return {
      hub,
      folder,
      answer,
      others,
      hold: () => writeFileSync(held, ""),
      isHeld: () => existsSync(held),
      letGo: Effect.sync(() => rmSync(held, { force: true })),
      lives
    }
  })

const eventIn = (line: string): ReadonlyArray<string> => {
  const [, event] = /^\{"ts":"[^"]*","event":"(\w+)".*\}$/.exec(line) ?? []
  return event === undefined ? [] : [event]
}

/** How a daemon is started: as any, or held before its own code begins and with a pool of one thread. */
export type Manner = "free" | "one_pool_thread" | "held"

/** A daemon that begins when it is told to. */
export interface HeldLife extends Life {
  readonly isHeld: () => boolean
  readonly begin: () => void
}

/** Starts the daemon as a supervisor would. */
export const startLife = (
  { folder, lives }: Scene,
  main: string,
  manner: Manner
): Effect.Effect<HeldLife, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const number = lives.length + 1
      const hold = join(import.meta.dirname, "hold.mjs")
      const logBefore = folder.read("sidecar.log").length
      const child = spawn(
        process.execPath,
        [...(manner === "held" ? ["--import", hold] : []), main, "run", "--config", folder.file("config.json")],
        {
          stdio: ["ignore", "pipe", "pipe"],
          env: {
            ...process.env,
            ...(manner === "free" ? {} : { UV_THREADPOOL_SIZE: "1" }),
            ...(manner === "held" ? { CRASHTEST_GO: folder.file(`begin-${number}`) } : {})
          }
        }
      )
      let errors = ""
      child.stdout.resume()
      child.stderr.on("data", (data: Buffer) => {
        errors += data.toString()
        writeFileSync(folder.file(`errors-${number}`), errors)
      })
      const ended = new Promise<number | string | null>((done) =>
        child.once("exit", (code, signal) => done(code ?? signal))
      )
      const life = {
        pid: child.pid ?? 0,
        isOver: () => child.exitCode !== null || child.signalCode !== null,
        logged: () => folder.read("sidecar.log").slice(logBefore).split("\n").flatMap(eventIn),
        ended: Effect.promise(() => ended),
        kill: Effect.suspend(() => {
          child.kill("SIGKILL")
          return Effect.promise(() => ended).pipe(Effect.asVoid)
        }),
        isHeld: () => existsSync(folder.file(`begin-${number}.held`)),
        begin: () => folder.touch(`begin-${number}`)
      }
      lives.push(life)
      return life
    }),
    (life) => life.kill
  )

/** Field 6 of proc_pid_stat(5), which says that it has made a session of its own, as a detached child does. */
const leadsItsSession = (pid: number): boolean => {
  const stat = textOf(() => readFileSync(`/proc/${pid}/stat`, "utf8"))
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3] === String(pid)
}

/** The daemon's children that are about to become a launcher (`enter`), or have become one (`exit`). */
export const launchersOf = ({ others }: Scene, hold: Hold): ReadonlyArray<number> =>
  others().filter((pid) =>
    leadsItsSession(pid) &&
    (hold === "enter" || textOf(() => readFileSync(`/proc/${pid}/cmdline`, "utf8")).includes("\0launcher\0"))
  )

/** Whether nothing of the work is left in the folder but the log and the agent's own notes. */
export const isCleanedUp = ({ folder }: Scene, id: string): boolean =>
  ["tasks", "results"].every((name) =>
    !existsSync(folder.file(name)) || !readdirSync(folder.file(name)).some((file) => file.startsWith(id))
  )
