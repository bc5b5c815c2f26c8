import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync, spawn } from "node:child_process"
import { resolve } from "node:path"
import { type Folder, isAlive, makeFolder, startHub, submit, until } from "../support/daemon.ts"
import { doneWithOneWake, identifications, takesTheNext, untilAtWork } from "../support/outcomes.ts"
import { hasTerminal, inStoppedTerminal } from "../support/terminal.ts"

/** How the daemon of a folder is run by a shell. */
const lineOf = (folder: Folder) =>
  `${process.execPath} ${resolve("dist/main.js")} run --config ${folder.file("config.json")}`

/** Fills the terminal and the pipe behind it first, then becomes the daemon. */
const afterFilling = (folder: Folder) => `head -c 200000 /dev/zero | tr '\\0' x & sleep 1; exec ${lineOf(folder)}`

const logged = (folder: Folder, event: string) =>
  folder.read("sidecar.log").split("\n").filter((line) => line.includes(`"event":"${event}"`)).length

const pidOf = (folder: Folder) =>
  until("the daemon's start", () => /"event":"startup".*"pid":(\d+)/.exec(folder.read("sidecar.log"))?.[1])

/** Its standard output goes where nobody reads, as `through` has it. */
const startUnread = (folder: Folder, command: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const [program = "", ...args] = command
      return spawn(program, args, { stdio: "ignore" })
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  ).pipe(Effect.andThen(pidOf(folder)), Effect.map(Number))

const works = (command: (folder: Folder, unread: string) => ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const hub = yield* startHub()
    const folder = yield* makeFolder(hub)
    execFileSync("mkfifo", [folder.file("unread")])
    const pid = yield* startUnread(folder, command(folder, folder.file("unread")))
    yield* hub.waitFor(() => identifications(hub) === 1)
    const task = yield* submit(hub)
    yield* untilAtWork(folder, task)
    yield* folder.letGo
    yield* doneWithOneWake(hub, folder, task)
    yield* takesTheNext(hub, folder)
    yield* until("it is in the log", () => logged(folder, "report_acknowledged") === 2)
    process.kill(pid, "SIGTERM")
    yield* until("it has ended", () => !isAlive(pid))
    assert.strictEqual(logged(folder, "shutdown"), 1)
  })

describe.concurrent("a daemon whose output nobody reads", () => {
  it.live.runIf(hasTerminal)(
    "works on in a terminal that has stopped (Ctrl-S), and hears SIGTERM",
    () => works((folder, unread) => inStoppedTerminal(afterFilling(folder), unread))
  )

  it.live(
    "works on before a pipe that is full",
    () => works((folder, unread) => ["sh", "-c", `exec 3<>"$1"; { ${afterFilling(folder)}; } >"$1"`, "sh", unread])
  )
})
