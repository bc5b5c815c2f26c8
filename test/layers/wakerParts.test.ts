import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { spawn } from "node:child_process"
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { childEnvironment } from "../../src/agent/environment.ts"
import { dataOf, tooLarge } from "../../src/agent/input.ts"
import { stopWakes } from "../../src/agent/stop.ts"
import { makeWakeMemory } from "../../src/agent/wakes.ts"
import type { LifecycleEvent } from "../../src/domain/LifecycleEvent.ts"
import type { KnownWake } from "../../src/process/knownWake.ts"
import { launchOf, pipeName, plainShell, windowsLaunch } from "../../src/process/launcher.ts"
import { processLimits } from "../../src/process/limits.ts"
import { posixProcesses, type Processes, type SeenWake } from "../../src/process/processes.ts"
import {
  linuxTable,
  parsePs,
  parseStat,
  type ProcessEntry,
  type ProcessTable,
  psTable
} from "../../src/process/processTable.ts"
import { ownBin } from "../../src/process/programs.ts"
import { recordPrefix, wakeFiles } from "../../src/process/wakeFiles.ts"
import { pipeAnswers, taskkillArguments } from "../../src/process/windowsProcesses.ts"
import { FileError } from "../../src/storage/files.ts"
import { makeLooks } from "../../src/storage/reading.ts"
import { describeWith } from "../support/needs.ts"
import { isRunning, makeFolder, makeZombie, startTimeOf, taskOf, until } from "./support.ts"

const files = wakeFiles("/agents/a/tasks", "t1", "g1a1t1")
const cookie = "AGENTCOM_WAKE_ID=g1a1t1\0TASK_FILE=/agents/a/tasks/t1.json\0"

const wake: KnownWake = {
  files,
  record: { wake_id: "g1a1t1", boot: "b", log_offset: 0, pid: 100, start_time: "5" },
  at: "here"
}

const entry = (pid: number, more: Partial<ProcessEntry> = {}): ProcessEntry => ({
  pid,
  parent: 1,
  group: pid,
  zombie: false,
  start_time: "5",
  environment: "",
  ...more
})

const tableOf = (...entries: ReadonlyArray<ProcessEntry>): ProcessTable => ({
  place: Effect.succeed({ boot: "b", pid_namespace: "n" }),
  find: (pid) => Effect.succeed(entries.find((candidate) => candidate.pid === pid) ?? null),
  all: () => Effect.succeed(entries)
})

const living = (...entries: ReadonlyArray<ProcessEntry>) => posixProcesses(tableOf(...entries)).living([wake], [])

describe("whose a process is", () => {
  it.effect("the leader, the members of its group, and who carries the cookie", () =>
    Effect.gen(function*() {
      const found = yield* living(
        entry(100),
        entry(101, { group: 100 }),
        entry(102, { environment: `PATH=/bin\0${cookie}` }),
        entry(103),
        entry(104, { group: 100, zombie: true })
      )
      expect(found).toEqual([
        { wake, pids: [100, 101, 102], group: 100, strays: [102], began: true, identities: ["100 5", "101 5", "102 5"] }
      ])
    }))

  it.effect("a group is known by a leader that is a zombie, or by a member with the cookie", () =>
    Effect.gen(function*() {
      expect(yield* living(entry(100, { zombie: true }), entry(101, { group: 100 }))).toMatchObject([{
        pids: [101],
        group: 100
      }])
      expect(yield* living(entry(101, { group: 100, environment: cookie }), entry(102, { group: 100 }))).toMatchObject([
        {
          pids: [101, 102],
          group: 100,
          strays: []
        }
      ])
    }))

  it.effect("a group of that number with neither is another's, unless it was known at an earlier look", () =>
    Effect.gen(function*() {
      const processes = posixProcesses(tableOf(entry(101, { group: 100 })))
      expect(yield* processes.living([wake], [])).toEqual([])
      const seen: SeenWake = { wake, group: 100, identities: ["100 5"] }
      expect(yield* processes.living([wake], [seen])).toMatchObject([{ pids: [101], group: 100 }])
    }))

  it.effect("a group is known by a member that was theirs, and is another's where somebody else has its leader's pid", () =>
    Effect.gen(function*() {
      const members = [entry(101, { group: 100 }), entry(102, { group: 100 })]
      const seen: SeenWake = { wake, group: null, identities: ["101 5"] }
      expect(yield* posixProcesses(tableOf(...members)).living([wake], [seen])).toMatchObject([
        { pids: [101, 102], group: 100, strays: [] }
      ])
      const taken = posixProcesses(tableOf(entry(100, { start_time: "9" }), ...members))
      expect(yield* taken.living([wake], [{ wake, group: 100, identities: [] }])).toEqual([])
    }))

  it.effect("the processes of a batch, by its file of messages, and those of no other work of the same wake id", () =>
    Effect.gen(function*() {
      const batch: KnownWake = { files: wakeFiles("/agents/a/tasks", "batch-1", "g1a1t1"), record: null, at: "here" }
      const environment = "AGENTCOM_WAKE_ID=g1a1t1\0MESSAGES_FILE=/agents/a/tasks/batch-1.messages.json\0"
      const table = tableOf(entry(102, { environment }), entry(103, { environment: cookie }))
      expect(yield* posixProcesses(table).living([batch], [])).toMatchObject([{ pids: [102] }])
    }))

  it.effect("a cookie of another wake, of another agent, or only part of a value is none", () =>
    Effect.gen(function*() {
      for (
        const environment of [
          cookie.replace("g1a1t1", "g1a1t10"),
          cookie.replace("/agents/a/", "/agents/b/"),
          `X${cookie}`,
          "NOTE=AGENTCOM_WAKE_ID=g1a1t1\0TASK_FILE=/agents/a/tasks/t1.json\0",
          ""
        ]
      ) expect(yield* living(entry(102, { environment }))).toEqual([])
    }))

  it.effect("the daemon itself, and what started it, is spared where an agent restarted it", () =>
    Effect.gen(function*() {
      const found = yield* living(
        entry(100, { parent: 1 }),
        entry(150, { group: 100, parent: 100, environment: cookie }),
        entry(process.pid, { group: 100, parent: 150, environment: cookie }),
        entry(151, { group: 100, parent: 100, environment: cookie })
      )
      expect(found).toEqual([{ wake, pids: [151], group: null, strays: [151], began: true, identities: ["151 5"] }])
    }))

  it.effect("what any of them has started, whatever that has left", () =>
    Effect.gen(function*() {
      const found = yield* living(
        entry(201, { parent: 200 }),
        entry(100),
        entry(200, { parent: 100 }),
        entry(202, { parent: 200, zombie: true }),
        entry(300)
      )
      expect(found).toMatchObject([{ pids: [100, 200, 201], group: 100, strays: [200, 201] }])
    }))

  it.effect("not what the daemon has started, where an agent started the daemon", () =>
    Effect.gen(function*() {
      const found = yield* living(
        entry(100),
        entry(150, { parent: 100, environment: cookie }),
        entry(process.pid, { parent: 150, environment: cookie }),
        entry(300, { parent: process.pid }),
        entry(301, { parent: 300 })
      )
      expect(found).toEqual([])
    }))

  it.effect("what was theirs at an earlier look, by its pid and start time, when its parent is gone", () =>
    Effect.gen(function*() {
      const seen: SeenWake = { wake, group: 100, identities: ["100 5", "200 7"] }
      const later = (start_time: string) => posixProcesses(tableOf(entry(200, { start_time }))).living([wake], [seen])
      expect(yield* later("7")).toMatchObject([{ pids: [200], group: null, strays: [200] }])
      expect(yield* later("8")).toEqual([])
    }))

  it.effect("a launcher and its tools, even one that has no environment yet, are not the command", () =>
    Effect.gen(function*() {
      const launcher = entry(100, { environment: `${cookie}AGENTCOM_LAUNCHING=1\0` })
      const tool = entry(101, { parent: 100 })
      expect(yield* living(launcher, tool)).toMatchObject([{ pids: [100, 101], began: false }])
      const command = entry(102, { environment: cookie })
      expect(yield* living(launcher, tool, command)).toMatchObject([{ pids: [100, 102, 101], began: true }])
    }))

  it.effect("where no start time is known, the cookie decides", () =>
    Effect.gen(function*() {
      const timeless: KnownWake = {
        files,
        record: { ...wake.record, wake_id: "g1a1t1", boot: "b", log_offset: 0, pid: 100, start_time: "" },
        at: "here"
      }
      expect(yield* posixProcesses(tableOf(entry(100))).leaderLives(timeless)).toBe(false)
      expect(yield* posixProcesses(tableOf(entry(100, { environment: cookie }))).leaderLives(timeless)).toBe(true)
    }))

  it.effect("a process table that cannot be read, or takes too long, says nothing of any process", () =>
    Effect.gen(function*() {
      const refused = Effect.fail(new FileError({ path: "/proc", code: "EMFILE", reason: "too many open files" }))
      for (const broken of [refused, Effect.never]) {
        const processes = posixProcesses({ place: broken, find: () => broken, all: () => broken })
        for (const look of [processes.leaderLives(wake), processes.living([wake], []), processes.place]) {
          const looking = yield* Effect.forkChild(Effect.flip<unknown, unknown, never>(look), {
            startImmediately: true
          })
          yield* TestClock.adjust(processLimits.table_ms)
          expect(yield* Fiber.join(looking)).toMatchObject({ _tag: "FileError" })
        }
      }
    }))
})

describe("what is remembered of a wake", () => {
  /** The leader has ended, and so far `left` is there of its group. */
  const afterTheEnd = Effect.fnUntraced(function*(...left: ReadonlyArray<ProcessEntry>) {
    let entries = [entry(100), ...left]
    const processes = posixProcesses({ ...tableOf(), all: () => Effect.sync(() => entries) })
    const memory = yield* makeWakeMemory(processes, makeLooks(() => Effect.void))
    const ended = yield* Deferred.make<void>()
    const end = yield* memory.watch(wake, Deferred.await(ended))
    expect(memory.get(files.record_path)).toEqual({ wake, group: 100, identities: [] })
    entries = entries.slice(1)
    yield* Deferred.succeed(ended, undefined)
    yield* end
    return { memory, processes }
  })

  it.effect("what its leader has left in its group, each by its pid and start time, and the group no longer", () =>
    Effect.gen(function*() {
      const { memory, processes } = yield* afterTheEnd(entry(101, { group: 100, start_time: "6" }), entry(102))
      expect(memory.all()).toEqual([{ wake, group: null, identities: ["101 6"] }])
      expect(yield* processes.living([wake], memory.all())).toMatchObject([{ pids: [101], group: 100 }])
      memory.forget("t1")
      expect(yield* processes.living([wake], memory.all())).toEqual([])
    }))

  it.effect("nothing where nothing is left, whoever has the number of its group later", () =>
    Effect.gen(function*() {
      const { memory } = yield* afterTheEnd()
      const later = posixProcesses(tableOf(entry(103, { group: 100 })))
      expect(yield* later.living([wake], memory.all())).toEqual([])
    }))
})

/** Processes that are played: they live as long as `lives` says, and note the signals they get. */
const played = (lives: (looks: number) => boolean) => {
  const signals: Array<string> = []
  const events: Array<LifecycleEvent> = []
  let looks = 0
  const processes: Processes = {
    place: Effect.succeed({ boot: "b", pid_namespace: "n" }),
    startOf: () => Effect.succeed("5"),
    leaderLives: () => Effect.succeed(true),
    living: () =>
      Effect.sync(() =>
        lives(looks++) ? [{ wake, pids: [100, 102], group: 100, strays: [102], began: true, identities: [] }] : []
      ),
    signal: (_, signal) => Effect.sync(() => void signals.push(signal))
  }
  const log = (event: LifecycleEvent) => Effect.sync(() => void events.push(event))
  const stop = stopWakes({ processes, looks: makeLooks(log), log }, [wake], [], {
    work_id: "t1",
    linger_ms: 1_000,
    kill_grace_ms: 5_000
  })
  return { signals, events, stop: Effect.forkChild(stop, { startImmediately: true }) }
}

describe("the time an agent is given", () => {
  it.effect("one that ends by itself before it is over gets no signal", () =>
    Effect.gen(function*() {
      const { events, signals, stop } = played((looks) => looks < 4)
      const stopping = yield* stop
      yield* TestClock.adjust(999)
      expect(yield* Fiber.join(stopping)).toBe(true)
      expect([signals, events]).toEqual([[], []])
    }))

  it.effect("one that outlives it is asked, then killed again and again, given up after the limit, and logged with its pids", () =>
    Effect.gen(function*() {
      const { events, signals, stop } = played(() => true)
      const stopping = yield* stop
      yield* TestClock.adjust(999)
      expect(signals).toEqual([])
      yield* TestClock.adjust(1)
      expect(signals).toEqual(["SIGTERM"])
      yield* TestClock.adjust(4_999)
      expect(signals).toEqual(["SIGTERM"])
      yield* TestClock.adjust(10_001)
      expect(yield* Fiber.join(stopping)).toBe(true)
      expect(signals.filter((signal) => signal === "SIGKILL").length).toBeGreaterThan(5)
      expect(events.map(({ event }) => event)).toEqual(["agent_stopping", "agent_stopping", "agent_unstoppable"])
      expect(events.at(-1)).toMatchObject({ task_id: "t1", pids: [100, 102] })
    }))
})

describeWith("ps", "the process tables", () => {
  it("count the fields of /proc/PID/stat from the last parenthesis, whatever the name holds", () => {
    const fields = "S 7 100 100 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 98765 1000"
    for (const name of ["sh", "a b", ") Z 1 (", "x) (y", "multi\nline"]) {
      expect(parseStat(9, `9 (${name}) ${fields}\n`)).toEqual({
        pid: 9,
        parent: 7,
        group: 100,
        zombie: false,
        start_time: "98765"
      })
    }
    expect(parseStat(9, `9 (sh) ${fields.replace("S", "Z")}`).zombie).toBe(true)
  })

  it("read what ps prints on Linux and on macOS", () => {
    expect(parsePs(
      "    1     0     0 SLl  Sat Nov 21 01:35:35 2026\n  501   1   501 Z+   Mon Nov  2 10:00:00 2026    \n\n"
    )).toEqual([
      { pid: 1, parent: 0, group: 0, zombie: false, start_time: "Sat Nov 21 01:35:35 2026", environment: "" },
      { pid: 501, parent: 1, group: 501, zombie: true, start_time: "Mon Nov  2 10:00:00 2026", environment: "" }
    ])
  })

  it.live("agree on a living process, on its environment as far as they may see it, and on one that is gone", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const child = spawn("sleep", ["60"], { detached: true, stdio: "ignore", env: { ...process.env, MARK: "it" } })
      const pid = folder.adopt(yield* until("a process", () => child.pid))
      for (const table of [linuxTable, psTable]) {
        const found = { pid, parent: process.pid, group: pid, zombie: false }
        expect(yield* table.find(pid)).toMatchObject(found)
        expect(yield* table.all(0)).toContainEqual(expect.objectContaining(found))
        expect(yield* table.find(2 ** 22 + 1)).toBe(null)
      }
      expect(yield* linuxTable.find(pid)).toMatchObject({
        start_time: startTimeOf(pid),
        environment: expect.stringContaining("MARK=it\0")
      })
      const { boot, pid_namespace } = yield* linuxTable.place
      expect(boot.length).toBeGreaterThan(30)
      expect(pid_namespace).toMatch(/^pid:\[\d+\] \d+$/)
    }))

  it.live("tell the environment of what began at a time or later, and of nothing older", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const child = spawn("sleep", ["60"], { detached: true, stdio: "ignore", env: { ...process.env, MARK: "it" } })
      const pid = folder.adopt(yield* until("a process", () => child.pid))
      const began = Number(startTimeOf(pid))
      const mark = Effect.fnUntraced(function*(since: number) {
        const found = (yield* linuxTable.all(since)).find((one) => one.pid === pid)
        return found?.environment.includes("MARK=it\0")
      })
      expect([yield* mark(0), yield* mark(began), yield* mark(began + 1)]).toEqual([true, true, false])
    }))

  it.live("agree on a zombie", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const pid = yield* makeZombie(folder)
      for (const table of [linuxTable, psTable]) expect(yield* table.find(pid)).toMatchObject({ zombie: true })
    }))

  it.live("stop a real group through ps as well", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const child = spawn("/bin/sh", ["-c", "sleep 60 & sleep 60"], { detached: true, stdio: "ignore" })
      const pid = folder.adopt(yield* until("a process", () => child.pid))
      const processes = posixProcesses(psTable)
      const start_time = (yield* psTable.find(pid))?.start_time ?? ""
      const record = { wake_id: "g1a1t1", boot: "", log_offset: 0, pid, start_time }
      const known: KnownWake = { files, record, at: "here" }
      expect(yield* processes.leaderLives(known)).toBe(true)
      const log = () => Effect.void
      const tools = { processes, looks: makeLooks(log), log }
      expect(yield* stopWakes(tools, [known], [], { work_id: "t1", linger_ms: 0, kill_grace_ms: 15_000 })).toBe(true)
      expect(isRunning(pid)).toBe(false)
      expect(yield* processes.leaderLives(known)).toBe(false)
    }))
})

describe("Windows", () => {
  const prefix = recordPrefix({ wake_id: "g1a1t1", boot: "", log_offset: 7 })

  it("runs the command through a launcher of its own, with each part as an argument", () => {
    const launch = launchOf(
      "windows",
      "C:\\a\\tasks\\t1.g1.wake",
      { wake_id: "g1a1t1", boot: "", log_offset: 7 },
      "agent.cmd \"${TASK_FILE}\"",
      plainShell
    )
    expect(launch.file).toBe(process.execPath)
    expect(launch.args.slice(0, 2)).toEqual(["--input-type=commonjs", "-e"])
    expect(launch.args.slice(3)).toEqual([
      "--",
      "C:\\a\\tasks\\t1.g1.wake",
      prefix,
      pipeName("C:\\a\\tasks\\t1.g1.wake"),
      "line",
      "agent.cmd \"%TASK_FILE%\""
    ])
  })

  it("names one pipe for each wake", () => {
    expect(pipeName("C:\\a\\t1.g1.wake")).toMatch(/^\\\\\.\\pipe\\agentcom-sidecar-[0-9a-f]{32}$/)
    expect(pipeName("C:\\a\\t1.g1.wake")).not.toBe(pipeName("C:\\b\\t1.g1.wake"))
  })

  it("stops a tree by taskkill", () => {
    expect(taskkillArguments(42)).toEqual(["/T", "/F", "/PID", "42"])
  })

  it("withholds what is the sidecar's own in any case of letters", () => {
    const inherited = {
      Agentcom_Token: "abcdefgh",
      HEADER: "Bearer abcdefgh",
      Task_Id: "outer"
    }
    const given = childEnvironment(
      { ...inherited, KEPT: "abcdefg" },
      "abcdefgh",
      "g1a1t1",
      { TASK_ID: "t1" },
      "windows"
    )
    expect(Object.keys(given).filter((name) => name in inherited)).toEqual([])
    expect(given).toMatchObject({ KEPT: "abcdefg", TASK_ID: "t1" })
  })

  const nodeEnvs: ReadonlyArray<readonly [inherited: Record<string, string>, given: string | undefined]> = [
    [{ NODE_ENV: "production", AGENTCOM_AGENT_NODE_ENV: "" }, undefined],
    [{ NODE_ENV: "production", AGENTCOM_AGENT_NODE_ENV: "development" }, "development"],
    [{ NODE_ENV: "production" }, "production"],
    [{}, undefined]
  ]
  it.each(nodeEnvs)("has the user's own NODE_ENV, and none that is for the daemon: %j", (inherited, given) => {
    expect(childEnvironment(inherited, "", "g1a1t1", {}, "linux")["NODE_ENV"]).toBe(given)
  })

  it("gives a command no task data but its names", () => {
    const task = taskOf("t1", { description: "%PATH% & calc" })
    const variables = { TASK_ID: "t1", ...dataOf(task, "{}", "windows") }
    const environment = childEnvironment({ Path: "C:\\", task_json: "x" }, "", "g1a1t1", variables, "windows")
    expect(environment).toEqual({
      Path: `${ownBin};C:\\`,
      AGENTCOM_NODE: process.execPath,
      TASK_ID: "t1",
      AGENTCOM_WAKE_ID: "g1a1t1"
    })
    expect(tooLarge("echo %TASK_FILE%", task, "{}", "windows")).toEqual([])
  })

  /** The launcher itself runs anywhere: `cmd.exe` is played by a script that notes its arguments. */
  const launcher = Effect.fnUntraced(function*(script: string) {
    const folder = yield* makeFolder
    mkdirSync(folder.file("tasks"))
    writeFileSync(folder.file("cmd"), `#!/bin/sh\n${script}\n`)
    chmodSync(folder.file("cmd"), 0o755)
    const record = folder.file("tasks", "t1.g1.wake")
    const pipe = folder.file("pipe")
    const launch = windowsLaunch(record, prefix, pipe, "agent --do \"it\"")
    const run = () =>
      Effect.callback<number | null>((resume) => {
        const child = spawn(launch.file, [...launch.args], {
          stdio: "ignore",
          cwd: folder.path,
          env: { ...process.env, ComSpec: folder.file("cmd") }
        })
        if (child.pid !== undefined) folder.adopt(child.pid)
        child.once("exit", (code) => resume(Effect.succeed(code)))
      })
    return { folder, pipe, record, run }
  })

  it.live("the launcher makes the record first, hands cmd.exe the command as one quoted argument, and ends as it ends", () =>
    Effect.gen(function*() {
      const { folder, record, run } = yield* launcher(
        `cp tasks/t1.g1.wake seen; printf '%s\\n' "$@" > arguments; exit 9`
      )
      expect(yield* run()).toBe(9)
      expect(folder.read("arguments")).toBe(`/d\n/s\n/c\n"agent --do "it""\n`)
      expect(JSON.parse(folder.read("seen"))).toEqual({
        wake_id: "g1a1t1",
        boot: "",
        log_offset: 7,
        pid: expect.any(Number),
        start_time: ""
      })
      expect(readFileSync(record, "utf8")).toBe(folder.read("seen"))
    }))

  it.live("a launcher that comes late finds the record and does not run the command", () =>
    Effect.gen(function*() {
      const { folder, record, run } = yield* launcher("touch ran")
      writeFileSync(record, JSON.stringify({ revoked: true }))
      expect(yield* run()).toBe(75)
      expect(folder.has("ran")).toBe(false)
    }))

  it.live("its pipe answers for as long as the command runs", () =>
    Effect.gen(function*() {
      const { folder, pipe, run } = yield* launcher("touch ran; while [ ! -e go ]; do sleep 0.01; done")
      expect(yield* pipeAnswers(pipe)).toBe(false)
      const running = yield* Effect.forkChild(run(), { startImmediately: true })
      yield* until("the command", () => folder.has("ran"))
      expect(yield* pipeAnswers(pipe)).toBe(true)
      writeFileSync(folder.file("go"), "")
      expect(yield* Fiber.join(running)).toBe(0)
      expect(yield* pipeAnswers(pipe)).toBe(false)
    }))
})
