import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { type Phase, phaseOf } from "./phases.ts"

/** The calls at which a daemon is killed: all by which it changes files, sends frames or makes processes. */
export const calls = [
  "write",
  "pwrite64",
  "writev",
  "fsync",
  "fdatasync",
  "rename",
  "renameat",
  "renameat2",
  "link",
  "linkat",
  "unlink",
  "unlinkat",
  "rmdir",
  "mkdir",
  "mkdirat",
  "openat",
  "clone",
  "clone3"
] as const
export type Call = (typeof calls)[number]

/** The threads of a daemon with a pool of one that make such calls: the event loop, and the pool for its file operations. */
export const threads = ["main", "pool"] as const
export type Thread = (typeof threads)[number]

/** Where a child of the daemon is held for a while: before it becomes the launcher, or as one that has done nothing yet. */
export const holds = ["enter", "exit"] as const
export type Hold = (typeof holds)[number]

export const tidOf = (pid: number, thread: Thread): number => {
  if (thread === "main") return pid
  const tid = readdirSync(`/proc/${pid}/task`)
    .find((id) => readFileSync(join("/proc", String(pid), "task", id, "comm"), "utf8").trim() === "libuv-worker")
  if (tid === undefined) throw new Error(`process ${pid} has no thread of libuv's pool`)
  return Number(tid)
}

const attached = (strace: ChildProcess): Promise<void> =>
  new Promise((done, failed) => {
    let said = ""
    strace.stderr?.on("data", (data: Buffer) => {
      said += data.toString()
      if (said.includes("attached")) done()
    })
    strace.once("error", failed)
    strace.once("exit", () => failed(new Error(`strace could not attach: ${said.trim()}`)))
  })

/** strace, attached when this returns; it lets go at the end of the scope. It needs root or kernel.yama.ptrace_scope 0. */
export const attach = (args: ReadonlyArray<string>): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => spawn("strace", args, { stdio: ["ignore", "ignore", "pipe"] })),
    (strace) =>
      Effect.promise(async () => {
        if (strace.exitCode !== null || strace.signalCode !== null) return
        const ended = new Promise((done) => strace.once("exit", done))
        strace.kill("SIGTERM")
        await ended
      })
  ).pipe(Effect.flatMap((strace) => Effect.promise(() => attached(strace))))

/** Kills the process before the `n`-th `call` of that thread from now on. No other thread and no child is traced. */
export const killAt = (pid: number, thread: Thread, call: Call, n: number) =>
  attach([
    "-p",
    String(tidOf(pid, thread)),
    "-o",
    "/dev/null",
    `--trace=${call}`,
    `--inject=${call}:signal=SIGKILL:when=${n}`
  ])

/**
 * Lets the process go on, but holds each child of its for `delay_ms` before it becomes another program (`enter`), or when
 * it has become it and not run a line of it (`exit`).
 */
export const holdChildren = (pid: number, hold: Hold, delay_ms: number) =>
  attach([
    "-f",
    ...(hold === "enter" ? ["-b", "execve"] : []),
    "-p",
    String(pid),
    "-o",
    "/dev/null",
    "--trace=execve",
    `--inject=execve:delay_${hold}=${delay_ms * 1_000}:when=1`
  ])

/** Writes down the calls of both threads. */
export const record = (pid: number, path: string) =>
  attach([
    ...threads.flatMap((thread) => ["-p", String(tidOf(pid, thread))]),
    "-o",
    path,
    "-s",
    "256",
    // not every architecture has all of them
    `--trace=${calls.map((call) => `?${call}`).join(",")}`
  ])

export interface Made {
  readonly thread: Thread
  readonly call: Call
  /** It was the n-th of its thread. */
  readonly n: number
  readonly phase: Phase
}

/** The calls in a record of process `pid`, in their order; the phase is known from what was logged before and the log lines among them. */
export const readRecord = (pid: number, path: string, loggedBefore: ReadonlyArray<string>): ReadonlyArray<Made> => {
  const counts = new Map<string, number>()
  const logged = [...loggedBefore]
  return readFileSync(path, "utf8").split("\n").flatMap((line) => {
    const [, tid, name] = /^(\d+) +([a-z]\w*)\(/.exec(line) ?? []
    const call = calls.find((known) => known === name)
    if (call === undefined) return []
    const thread = Number(tid) === pid ? "main" : "pool"
    const n = (counts.get(`${thread} ${call}`) ?? 0) + 1
    counts.set(`${thread} ${call}`, n)
    const made: Made = { thread, call, n, phase: phaseOf(logged) }
    const [, event] = /\\"event\\":\\"(\w+)\\"/.exec(line) ?? []
    if (event !== undefined && name === "write") logged.push(event)
    return [made]
  })
}
