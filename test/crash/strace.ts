import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { type Phase, phaseOf, type Subject } from "./phases.ts"

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

/**
 * The threads of a daemon with a pool of one that make such calls: the event loop, the pool for its file operations, and the
 * one that keeps its messages, from the first of them on.
 */
export const threads = ["main", "pool", "store"] as const
export type Thread = (typeof threads)[number]

/** What the system calls the threads that are not the main one. */
const threadNamed: ReadonlyMap<string, Thread> = new Map([["libuv-worker", "pool"], ["messages", "store"]])

/** Where a child of the daemon is held for a while: before it becomes the launcher, or as one that has done nothing yet. */
export const holds = ["enter", "exit"] as const
export type Hold = (typeof holds)[number]

/** The threads of the process, each by its id. */
export const threadsOf = (pid: number): ReadonlyMap<number, Thread> =>
  new Map(
    readdirSync(`/proc/${pid}/task`).flatMap((tid): ReadonlyArray<[number, Thread]> => {
      const thread = threadNamed.get(readFileSync(`/proc/${pid}/task/${tid}/comm`, "utf8").trim())
      return Number(tid) === pid ? [[pid, "main"]] : thread === undefined ? [] : [[Number(tid), thread]]
    })
  )

const tidOf = (pid: number, thread: Thread): number => {
  const [tid] = [...threadsOf(pid)].find(([, its]) => its === thread) ?? []
  if (tid === undefined) throw new Error(`process ${pid} has no thread for ${thread}`)
  return tid
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

/** Writes down the calls of these threads. */
export const record = (tids: Iterable<number>, path: string) =>
  attach([
    ...Array.from(tids).flatMap((tid) => ["-p", String(tid)]),
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

/** What was recorded at `path`. */
export interface Recorded {
  readonly path: string
  readonly subject: Subject
  readonly threads: ReadonlyMap<number, Thread>
  /** The events that the life had logged before. */
  readonly loggedBefore: ReadonlyArray<string>
}

/** The calls in a record, in their order; the phase is known from what was logged before and the log lines among them. */
export const readRecord = ({ loggedBefore, path, subject, threads: known }: Recorded): ReadonlyArray<Made> => {
  const counts = new Map<string, number>()
  const logged = [...loggedBefore]
  return readFileSync(path, "utf8").split("\n").flatMap((line) => {
    const [, tid, name] = /^(\d+) +([a-z]\w*)\(/.exec(line) ?? []
    const call = calls.find((one) => one === name)
    const thread = known.get(Number(tid))
    if (call === undefined || thread === undefined) return []
    const n = (counts.get(`${thread} ${call}`) ?? 0) + 1
    counts.set(`${thread} ${call}`, n)
    const made: Made = { thread, call, n, phase: phaseOf(subject, logged) }
    const [, event] = /\\"event\\":\\"(\w+)\\"/.exec(line) ?? []
    if (event !== undefined && name === "write") logged.push(event)
    return [made]
  })
}
