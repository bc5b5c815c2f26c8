import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, readdirSync, rmSync, statSync, watch } from "node:fs"
import { rescan_ms } from "../../src/agent/results/folderWatch.ts"
import { startHub, submit, typesOf } from "../support/daemon.ts"
import {
  type Folder,
  main,
  makeFolder,
  type Program,
  run,
  start,
  startDaemon,
  startNode,
  until,
  untilCompleted
} from "./support.ts"
import { inWindows } from "./wine.ts"

/** Confirms, works until it may go on, and answers. */
const agent = `confirm(); go().then(() => answer({ output: "done" }))`
const blocks = { wake_command_blocks: true }

const atWork = (folder: Folder, task_id: string) =>
  until("the agent is at work", () => existsSync(folder.file(`results/${task_id}.started`)))

/** A sidecar whose agent is at work. */
const startAtWork = Effect.gen(function*() {
  const hub = yield* startHub()
  const folder = yield* makeFolder(hub, agent, blocks)
  const daemon = yield* startDaemon(folder)
  const task = yield* submit(hub)
  yield* atWork(folder, task.id)
  return { daemon, folder, hub, task }
})

/** Kills the sidecar as soon as it has begun to write its state for the `nth` time. */
const killAtSave = (folder: Folder, daemon: Program, nth: number) =>
  Effect.promise(() =>
    new Promise<void>((resolve, reject) => {
      const begun = new Set<string>()
      const watcher = watch(folder.path, (_, name) => {
        if (name === null || !/^queue\.json\.\d+$/.test(name) || begun.has(name)) return
        if (begun.add(name).size < nth) return
        watcher.close()
        process.kill(daemon.pid, "SIGKILL")
        resolve()
      })
      watcher.once("error", reject)
    })
  )

const assertStateIsWhole = (folder: Folder) => {
  if (existsSync(folder.file("queue.json"))) assert.isObject(JSON.parse(folder.read("queue.json")))
  assert.deepStrictEqual(readdirSync(folder.path).filter((name) => name.includes("corrupt")), [])
}

describe("a task's way through the sidecar on Windows", () => {
  it.live("is one wake, one report, and nothing that is left running or lying about", () =>
    Effect.gen(function*() {
      const { daemon, folder, hub, task } = yield* startAtWork
      assert.isAbove(folder.processes().length, 1)
      folder.write("go", "")
      yield* untilCompleted(hub, task)
      assert.deepStrictEqual(daemon.events("file_trouble"), [])
      const others = new Set<unknown>(["task_progress", "ping", "status"]) // which come by time
      assert.deepStrictEqual(typesOf(hub, "out").filter((type) => !others.has(type)), [
        ...["identify", "task_accepted", "wake_result", "task_complete"]
      ])
      yield* until("only the sidecar runs", () => folder.processes().length === 1)
      yield* until("its files are gone", () =>
        readdirSync(folder.file("tasks")).length + readdirSync(folder.file("results")).length === 0)
      assert.strictEqual(folder.wakes(task.id), 1)
    }))

  it.live("is confirmed as soon as the agent begins, as the watcher tells of it before the next rescan", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, agent, blocks)
      const daemon = yield* startDaemon(folder)
      let soonest = Infinity
      // On a machine with other work one agent may be slow to begin.
      for (let tries = 0; soonest >= rescan_ms && tries < 5; tries++) {
        const task = yield* submit(hub)
        const started = yield* until(
          "it is confirmed",
          () => daemon.events("agent_started").find(({ task_id }) => task_id === task.id)
        )
        soonest = Math.min(soonest, Number(started["confirmed_after_ms"]))
        folder.write("go", "")
        yield* untilCompleted(hub, task)
        rmSync(folder.file("go"))
      }
      assert.isBelow(soonest, rescan_ms)
    }))

  it.live("is one wake also where the sidecar is killed while the agent works", () =>
    Effect.gen(function*() {
      const { daemon: first, folder, hub, task } = yield* startAtWork
      yield* first.kill
      const next = yield* startDaemon(folder)
      yield* until("it has taken the task up again", () => next.events("identified").length === 1)
      folder.write("go", "")
      yield* untilCompleted(hub, task)
      assert.deepInclude(hub.task(task.id)?.result, { output: "done" })
      assert.strictEqual(folder.wakes(task.id), 1)
      assert.include(typesOf(hub, "out"), "task_recovering")
    }))

  it.live.each([1, 2, 3, 4, 5])(
    "leaves a whole queue.json where it is killed in its save %i, and ends with one wake",
    (nth) =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub, agent, blocks)
        folder.write("go", "")
        const first = yield* startDaemon(folder)
        yield* until("it is identified", () => first.events("identified").length === 1)
        const [task] = yield* Effect.all([submit(hub), killAtSave(folder, first, nth)], { concurrency: 2 })
        yield* first.ended
        assertStateIsWhole(folder)
        yield* startDaemon(folder)
        yield* untilCompleted(hub, task)
        assert.strictEqual(folder.wakes(task.id), 1)
        yield* until("what the kill left is cleared away", () =>
          readdirSync(folder.path).every((name) => !name.startsWith("queue.json.")))
        assertStateIsWhole(folder)
      })
  )

  it.live("goes on where the wake command prints without end, within the limit of its log", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const prints = "for (let i = 0; i < 400; i++) fs.writeSync(1, \"x\".repeat(65_535) + \"\\n\")\n"
      const folder = yield* makeFolder(hub, `confirm()\n${prints}fs.writeFileSync("printed", "")\n${agent}`, blocks)
      yield* startDaemon(folder)
      const task = yield* submit(hub)
      yield* until("all is printed", () => existsSync(folder.file("printed")))
      yield* until("its log is cut", () => statSync(folder.file(`tasks/${task.id}.log`)).size < 5 * 1024 * 1024)
      folder.write("go", "")
      yield* untilCompleted(hub, task)
    }))
})

/** A supervisor such as pm2, which has no signals to send there: it asks by a message. */
const supervisor = (config: string) => `
const { fork } = require("node:child_process")
const fs = require("node:fs")
const child = fork(${JSON.stringify(main)}, ["run", "--config", ${JSON.stringify(config)}], { stdio: "ignore" })
child.on("exit", (code) => { fs.writeFileSync("ended", String(code)); process.exit() })
const ask = setInterval(() => { if (fs.existsSync("stop")) { clearInterval(ask); child.send("shutdown") } }, 20)
`

describe("the sidecar of a folder on Windows", () => {
  it.live("keeps a second one out with exit code 73, by whatever path that comes, and answers what it is at", () =>
    Effect.gen(function*() {
      const { daemon, folder, hub, task } = yield* startAtWork
      const [startup] = daemon.events("startup")
      for (const config of ["config.json", inWindows(folder.file("config.json")).toUpperCase()]) {
        const { code, errors } = yield* run(folder, "run", "--config", config)
        assert.strictEqual(code, 73)
        assert.include(errors, `is held by the sidecar with pid ${startup?.["pid"]}, since `)
        assert.strictEqual(errors.trimEnd().split("\n").length, 1)
      }
      const status = yield* run(folder, "status", "--json")
      assert.include(status.output, "\"running\":true")
      assert.include(status.output, task.id)
      assert.strictEqual(hub.connections(), 1)
      yield* daemon.kill
      const next = yield* startDaemon(folder)
      yield* until("the folder is free as soon as the sidecar is dead", () => next.events("identified").length === 1)
      const drain = yield* start(folder, "drain")
      yield* until("it is asked to drain", () => drain.output().includes(`it finishes ${task.id} first`))
      folder.write("go", "")
      assert.strictEqual(yield* next.ended, 0)
      assert.strictEqual(hub.task(task.id)?.status, "completed")
      assert.strictEqual(folder.wakes(task.id), 1)
    }))

  it.live("stops by its supervisor's message with 0, and leaves the agent at its work", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, agent, blocks)
      folder.write("supervisor.cjs", supervisor(inWindows(folder.file("config.json"))))
      yield* startNode(folder, ["supervisor.cjs"])
      const task = yield* submit(hub)
      yield* atWork(folder, task.id)
      folder.write("stop", "")
      const ended = yield* until("it has ended", () => folder.read("ended") || undefined)
      assert.strictEqual(ended, "0")
      const stored: { readonly task: { readonly id: string } } = JSON.parse(folder.read("queue.json"))
      assert.strictEqual(stored.task.id, task.id)
      yield* startDaemon(folder)
      folder.write("go", "")
      yield* untilCompleted(hub, task)
      assert.strictEqual(folder.wakes(task.id), 1)
      assert.include(folder.read("sidecar.log"), "\"shutdown message\"")
    }))
})

describe("the demo on Windows", () => {
  it.live("shows all as it should be, and ends its sidecars with 0", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder({ url: "ws://127.0.0.1:9/ws" }, "")
      const { code, errors, output } = yield* run(folder, "demo")
      assert.strictEqual(errors, "")
      assert.include(output, "Both sidecars stopped with exit code 0;")
      assert.strictEqual(code, 0, output)
    }))
})
